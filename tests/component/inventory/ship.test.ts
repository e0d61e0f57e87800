import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { type InventoryFixture, openInventory, operator, orderFor, REQUEST_ID } from "./inventory-fixture.ts";

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

const order = orderFor({ "TEA-100": 2 });

describe("inventory.ship", () => {
  test("takes the held stock off the shelf, with a movement", async () => {
    await shop.placed(order);
    expect(await shop.ship(order)).toMatchObject({ orderId: order.id, status: "shipped", version: 2 });
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 8, reserved: 0, available: 8 });
    expect(await shop.movementsOf(order)).toContainEqual(
      expect.objectContaining({
        id: `mov_${order.id}_TEA-100_shipment`,
        onHandDelta: -2,
        reservedDelta: -2,
        by: operator.id,
        requestId: REQUEST_ID,
      }),
    );
    expect(shop.log).toContainEqual(
      expect.objectContaining({ level: "info", msg: "stock shipped", orderId: order.id }),
    );
  });

  test("answers what it shipped before, and ships nothing more", async () => {
    await shop.placed(order);
    const first = await shop.ship(order);
    expect(await shop.ship(order)).toEqual(first);
    expect((await shop.stockOf("TEA-100")).onHand).toBe(8);
  });

  test("ships once when it is called many times at once", async () => {
    await shop.placed(order);
    const answers = await Promise.all(Array.from({ length: 10 }, () => shop.ship(order)));
    expect(new Set(answers.map(({ status, version }) => `${status} ${version}`))).toEqual(
      new Set(["shipped 2"]),
    );
    expect((await shop.stockOf("TEA-100")).onHand).toBe(8);
    expect(shop.log.filter(({ msg }) => msg === "stock shipped")).toHaveLength(1);
  });

  test("refuses what was released", async () => {
    await shop.placed(order);
    await shop.cancelled(order);
    await expect(shop.ship(order)).rejects.toMatchObject({
      type: "RESERVATION_NOT_HELD",
      data: { orderId: order.id, status: "released" },
    });
    expect((await shop.stockOf("TEA-100")).onHand).toBe(10);
  });

  test("refuses an order that it has never heard of", async () => {
    await expect(shop.ship(order)).rejects.toMatchObject({ type: "RESERVATION_NOT_FOUND" });
  });

  test("and a cancellation at once: one of them wins, and the stock is right either way", async () => {
    const rivals = Array.from({ length: 10 }, () => orderFor({ "TEA-100": 1 }));
    await Promise.all(rivals.map((rival) => shop.placed(rival)));
    await Promise.allSettled(
      rivals.flatMap((rival, index) =>
        index % 2 ? [shop.ship(rival), shop.cancelled(rival)] : [shop.cancelled(rival), shop.ship(rival)],
      ),
    );
    const statuses = (await Promise.all(rivals.map((rival) => shop.reservationOf(rival)))).map(
      (reservation) => reservation?.status,
    );
    const shipped = statuses.filter((status) => status === "shipped").length;
    expect(statuses.filter((status) => status === "released")).toHaveLength(10 - shipped);
    expect(await shop.stockOf("TEA-100")).toEqual({
      onHand: 10 - shipped,
      reserved: 0,
      available: 10 - shipped,
    });
  });
});
