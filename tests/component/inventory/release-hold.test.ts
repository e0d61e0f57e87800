import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { inboxRows } from "../../../mixins/messaging/outbox.ts";
import { orders } from "../../../services/orders/contract.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import {
  type InventoryFixture,
  openInventory,
  operator,
  orderFor,
  REQUEST_ID,
  tell,
} from "./inventory-fixture.ts";

let nats: TestNatsServer;
let shop: InventoryFixture;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  shop = await openInventory({ natsUrl: nats.url });
  await shop.create("TEA-100", 10);
});
afterEach(async () => {
  expect(await shop.discrepancies()).toEqual([]);
  await shop.close();
});

const allFree = { onHand: 10, reserved: 0, available: 10 };

describe.each(["cancelled", "rejected", "returned"] as const)("an order that is %s", (ended) => {
  const end = (order: ReturnType<typeof orderFor>) => shop[ended](order);

  test("gives its stock back, with a movement that says who and which request caused it", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await shop.placed(order);
    await end(order);
    expect(await shop.stockOf("TEA-100")).toEqual(allFree);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "released", version: 2 });
    expect(await shop.movementsOf(order)).toContainEqual(
      expect.objectContaining({
        kind: "release",
        onHandDelta: 0,
        reservedDelta: -2,
        by: operator.id,
        requestId: REQUEST_ID,
      }),
    );
    expect(shop.log).toContainEqual(
      expect.objectContaining({ level: "info", msg: "stock released", orderId: order.id }),
    );
  });

  test("gives its stock back once, however often that is told", async () => {
    const order = orderFor({ "TEA-100": 2 });
    const message = tell(orders.events[ended], order);
    await shop.placed(order);
    await Promise.all(Array.from({ length: 5 }, () => shop.deliver(message)));
    await end(order);
    expect(await shop.stockOf("TEA-100")).toEqual(allFree);
    expect(await shop.movementsOf(order)).toHaveLength(2);
  });

  test("before it was seen to be placed leaves a tombstone, once", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await end(order);
    await end(order);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "released", version: 1, lines: [] });
    expect(await shop.movementsOf(order)).toEqual([]);
    expect(await shop.toldOf(order)).toEqual([]);
  });

  test("remembers the message together with the effect", async () => {
    const order = orderFor({ "TEA-100": 2 });
    const message = tell(orders.events[ended], order);
    await shop.deliver(message);
    const row = await shop.store.get(inboxRows, `inventory--order-${ended}:${message.id}`);
    expect(row).toMatchObject({ subject: order.id });
    expect(await shop.deliver(message)).toBe("handled");
    expect(await shop.reservationOf(order)).toMatchObject({ version: 1 });
  });

  test("for want of stock has none to give back", async () => {
    const order = orderFor({ "TEA-100": 11 });
    await shop.placed(order);
    await end(order);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "released", version: 1 });
    expect(await shop.stockOf("TEA-100")).toEqual(allFree);
  });

  test("while it is placed ends with nothing held, whichever comes first", async () => {
    const placed = Array.from({ length: 20 }, () => orderFor({ "TEA-100": 1 }));
    await Promise.all(
      placed.flatMap((order, index) =>
        index % 2 ? [shop.placed(order), end(order)] : [end(order), shop.placed(order)],
      ),
    );
    expect(await shop.stockOf("TEA-100")).toEqual(allFree);
    for (const order of placed) expect(await shop.reservationOf(order)).toMatchObject({ status: "released" });
  });
});

test("what one order gives back another one gets", async () => {
  const first = orderFor({ "TEA-100": 10 });
  await shop.placed(first);
  await shop.cancelled(first);
  const second = orderFor({ "TEA-100": 10 });
  await shop.placed(second);
  expect(await shop.reservationOf(second)).toMatchObject({ status: "held" });
});
