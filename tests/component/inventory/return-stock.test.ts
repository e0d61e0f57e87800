import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { inboxRows } from "../../../mixins/messaging/outbox.ts";
import { StoreUnavailable } from "../../../mixins/persistence/store.ts";
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
  await shop.create("CUP-1", 1);
});
afterEach(async () => {
  expect(await shop.discrepancies()).toEqual([]);
  await shop.close();
});

const allOnTheShelf = { onHand: 10, reserved: 0, available: 10 };

async function shippedOrder() {
  const order = orderFor({ "TEA-100": 2, "CUP-1": 1 });
  await shop.placed(order);
  await shop.ship(order);
  return order;
}

// It is cancelled when its fulfilment failed for good on one node while another one was shipping it.
describe.each(["returned", "cancelled"] as const)("a shipped order that is %s", (ended) => {
  test("comes back on the shelf, with a movement for each line that says who and which request caused it", async () => {
    const order = await shippedOrder();
    await shop[ended](order);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "returned", version: 3 });
    expect(await shop.stockOf("TEA-100")).toEqual(allOnTheShelf);
    expect(await shop.stockOf("CUP-1")).toEqual({ onHand: 1, reserved: 0, available: 1 });
    const back = (await shop.movementsOf(order)).filter(({ kind }) => kind === "return");
    expect(back).toHaveLength(2);
    expect(back).toContainEqual(
      expect.objectContaining({
        id: `mov_${order.id}_TEA-100_return`,
        onHandDelta: 2,
        reservedDelta: 0,
        by: operator.id,
        requestId: REQUEST_ID,
      }),
    );
    expect(shop.log).toContainEqual(
      expect.objectContaining({ level: "info", msg: "stock returned", orderId: order.id }),
    );
  });

  test("comes back once, however often that is told, also at once", async () => {
    const order = await shippedOrder();
    const message = tell(orders.events[ended], order);
    await Promise.all([
      ...Array.from({ length: 5 }, () => shop.deliver(message)),
      ...Array.from({ length: 5 }, () => shop[ended](order)),
    ]);
    await shop[ended](order);
    expect(await shop.stockOf("TEA-100")).toEqual(allOnTheShelf);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "returned", version: 3 });
    expect(shop.log.filter(({ msg }) => msg === "stock returned")).toHaveLength(1);
  });

  test("remembers the message together with the effect", async () => {
    const order = await shippedOrder();
    const message = tell(orders.events[ended], order);
    await shop.deliver(message);
    const row = await shop.store.get(inboxRows, `inventory--order-${ended}:${message.id}`);
    expect(row).toMatchObject({ subject: order.id });
  });

  test("stays as it is when a late order.placed comes after it", async () => {
    const order = await shippedOrder();
    await shop[ended](order);
    await shop.placed(order);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "returned", version: 3 });
    expect(await shop.stockOf("TEA-100")).toEqual(allOnTheShelf);
  });

  test("has left nothing behind when the store was away, and comes back with the next delivery", async () => {
    const order = await shippedOrder();
    const message = tell(orders.events[ended], order);
    await shop.store.disconnect();
    await expect(shop.deliver(message)).rejects.toMatchObject({ type: new StoreUnavailable("").code });
    await shop.store.connect();
    await shop.deliver(message);
    expect(await shop.stockOf("TEA-100")).toEqual(allOnTheShelf);
  });

  test("is there for the next order", async () => {
    const order = await shippedOrder();
    await shop[ended](order);
    const next = orderFor({ "CUP-1": 1 });
    await shop.placed(next);
    expect(await shop.reservationOf(next)).toMatchObject({ status: "held" });
  });
});

test("an order that is told to be cancelled and returned at once comes back once", async () => {
  const shipped = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const order = orderFor({ "TEA-100": 1 });
      await shop.placed(order);
      await shop.ship(order);
      return order;
    }),
  );
  await Promise.all(shipped.flatMap((order) => [shop.cancelled(order), shop.returned(order)]));
  expect(await shop.stockOf("TEA-100")).toEqual(allOnTheShelf);
});

test("two nodes that are told at once of returned orders bring each back once", async () => {
  const neighbour = await openInventory({ natsUrl: nats.url, besides: shop });
  const shipped = Array.from({ length: 8 }, () => orderFor({ "TEA-100": 1 }));
  for (const order of shipped) {
    await shop.placed(order);
    await neighbour.ship(order);
  }
  await Promise.all(shipped.flatMap((order) => [shop.returned(order), neighbour.returned(order)]));
  expect(await shop.stockOf("TEA-100")).toEqual(allOnTheShelf);
  await neighbour.close();
});
