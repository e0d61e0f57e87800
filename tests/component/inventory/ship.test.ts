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

  test("refuses what was released, and moves nothing", async () => {
    await shop.placed(order);
    await shop.cancelled(order);
    const before = await shop.movementsOf(order);
    await expect(shop.ship(order)).rejects.toMatchObject({
      type: "RESERVATION_NOT_HELD",
      data: { orderId: order.id, status: "released" },
    });
    expect(await shop.movementsOf(order)).toEqual(before);
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 0, available: 10 });
  });

  test("refuses what never was held, because the order ended before it came", async () => {
    await shop.cancelled(order);
    await shop.placed(order);
    await expect(shop.ship(order)).rejects.toMatchObject({ type: "RESERVATION_NOT_HELD" });
    expect(await shop.movementsOf(order)).toEqual([]);
  });

  test("answers what came back since as returned, and ships it no second time", async () => {
    await shop.placed(order);
    await shop.ship(order);
    await shop.returned(order);
    expect(await shop.ship(order)).toMatchObject({ status: "returned", version: 3 });
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 0, available: 10 });
  });

  test("refuses an order that it has never heard of", async () => {
    await expect(shop.ship(order)).rejects.toMatchObject({ type: "RESERVATION_NOT_FOUND" });
  });

  test("and a cancellation at once: the stock is back, whether it had left or not", async () => {
    const rivals = Array.from({ length: 10 }, () => orderFor({ "TEA-100": 1 }));
    await Promise.all(rivals.map((rival) => shop.placed(rival)));
    await Promise.allSettled(
      rivals.flatMap((rival, index) =>
        index % 2 ? [shop.ship(rival), shop.cancelled(rival)] : [shop.cancelled(rival), shop.ship(rival)],
      ),
    );
    for (const rival of rivals) {
      const kinds = (await shop.movementsOf(rival)).map(({ kind }) => kind).toSorted();
      const { status } = (await shop.reservationOf(rival)) ?? {};
      expect([
        ["released", "release", "reservation"],
        ["returned", "reservation", "return", "shipment"],
      ]).toContainEqual([status, ...kinds]);
    }
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 0, available: 10 });
  });
});
