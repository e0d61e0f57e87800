import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { adjust, insert } from "../../../mixins/persistence/store.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import { movementRows } from "../../../services/inventory/repositories/movements.ts";
import { reservationRows } from "../../../services/inventory/repositories/reservations.ts";
import { stockRows } from "../../../services/inventory/repositories/stock.ts";
import { stockSums } from "../../../services/inventory/repositories/stock-audit.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { type InventoryFixture, openInventory, orderFor } from "./inventory-fixture.ts";

const NOON = Date.parse("2026-11-22T12:00:00.000Z");
const MINUTE = 60_000;

let nats: TestNatsServer;
let shop: InventoryFixture;
let now: number;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  now = NOON;
  shop = await openInventory({ natsUrl: nats.url, clock: () => now });
});
afterEach(() => shop.close());

const check = (page = {}) => shop.call(inventory.calls.checkStock, page);
const faults = async () => (await check()).faults;

/** Movements that nobody made: a receipt for each of these quantities, right in the ledger or not. */
async function receive(sku: string, count: number, { at = now, inLevel = true } = {}): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: `mov_test_${sku}_${at}_${index}`,
    sku,
    kind: "receipt" as const,
    onHandDelta: 1,
    reservedDelta: 0,
    by: "test",
    requestId: "test",
    at: new Date(at).toISOString(),
  }));
  await shop.store.commit([
    ...rows.map((row) => insert(movementRows, row)),
    ...(inLevel ? [adjust(stockRows, sku, { onHand: count, available: count })] : []),
  ]);
}

describe("inventory.checkStock", () => {
  test("finds no fault in stock that was received, held, released, shipped and returned", async () => {
    await shop.create("TEA-100", 10);
    await shop.create("TEA-200", 5);
    const [held, released, shipped, returned] = Array.from({ length: 4 }, () => orderFor({ "TEA-100": 2 }));
    for (const order of [held, released, shipped, returned]) if (order) await shop.placed(order);
    await shop.cancelled(released as NonNullable<typeof released>);
    await shop.ship(shipped as NonNullable<typeof shipped>);
    await shop.ship(returned as NonNullable<typeof returned>);
    await shop.returned(returned as NonNullable<typeof returned>);
    expect(await check()).toEqual({ checked: 2, busy: 0, faults: [], nextCursor: null });
  });

  test("goes through all stock page by page", async () => {
    for (const sku of ["A-1", "A-2", "A-3"]) await shop.create(sku, 1);
    const first = await check({ limit: 2 });
    expect(first).toMatchObject({ checked: 2, nextCursor: expect.any(String) });
    expect(await check({ limit: 2, cursor: first.nextCursor })).toMatchObject({
      checked: 1,
      nextCursor: null,
    });
  });

  test("finds units that no movement brought", async () => {
    await shop.create("TEA-100", 10);
    await shop.store.commit([adjust(stockRows, "TEA-100", { onHand: 2, available: 2 })]);
    expect(await faults()).toEqual([
      { sku: "TEA-100", problem: "onHand is 2 more than the sum of its movements" },
    ]);
  });

  test("finds reserved units that no reservation holds", async () => {
    await shop.create("TEA-100", 10);
    const order = orderFor({ "TEA-100": 3 });
    await shop.placed(order);
    await shop.store.commit([{ kind: "remove", collection: reservationRows, key: order.id }]);
    expect(await faults()).toEqual([
      { sku: "TEA-100", problem: "reserved is 3 more than what its held reservations take" },
    ]);
  });

  test("adds old movements up once, and keeps their sum", async () => {
    await shop.create("TEA-100", 0);
    await receive("TEA-100", 300);
    now += 2 * MINUTE;
    expect(await faults()).toEqual([]);
    expect(await shop.store.get(stockSums, "TEA-100")).toMatchObject({ onHand: 300, version: 1 });
    await receive("TEA-100", 5);
    expect(await faults()).toEqual([]);
    expect(await shop.store.get(stockSums, "TEA-100")).toMatchObject({ onHand: 300, version: 1 });
  });

  test("is not misled by a movement that came into the ledger late", async () => {
    await shop.create("TEA-100", 0);
    await receive("TEA-100", 300);
    now += 5 * MINUTE;
    expect(await faults()).toEqual([]);
    await receive("TEA-100", 1, { at: NOON + 1 });
    expect(await faults()).toEqual([]);
    expect(await shop.store.get(stockSums, "TEA-100")).toMatchObject({ onHand: 301 });
  });

  test("finds a fault behind a sum that it keeps", async () => {
    await shop.create("TEA-100", 0);
    await receive("TEA-100", 300);
    now += 2 * MINUTE;
    await check();
    await receive("TEA-100", 1, { inLevel: false });
    expect(await faults()).toEqual([
      { sku: "TEA-100", problem: "onHand is 1 less than the sum of its movements" },
    ]);
  });

  test("says nothing wrong of stock that moves all the time", async () => {
    await shop.create("TEA-100", 1_000);
    let moving = true;
    const traffic = (async () => {
      while (moving) {
        const order = orderFor({ "TEA-100": 1 });
        await shop.placed(order);
        await (Math.random() < 0.5 ? shop.cancelled(order) : shop.ship(order));
      }
    })();
    const found: unknown[] = [];
    for (let count = 0; count < 50; count++) found.push(...(await faults()));
    moving = false;
    await traffic;
    expect(found).toEqual([]);
  });
});

describe("inventory.reservationsOf", () => {
  test("says where the stock of orders is, and leaves out orders without a reservation", async () => {
    await shop.create("TEA-100", 10);
    const [held, shipped, unknown] = Array.from({ length: 3 }, () => orderFor({ "TEA-100": 1 })) as [
      ReturnType<typeof orderFor>,
      ReturnType<typeof orderFor>,
      ReturnType<typeof orderFor>,
    ];
    await shop.placed(held);
    await shop.placed(shipped);
    await shop.ship(shipped);
    const orderIds = [held.id, unknown.id, shipped.id];
    expect((await shop.call(inventory.calls.reservationsOf, { orderIds })).reservations).toEqual([
      { orderId: held.id, status: "held" },
      { orderId: shipped.id, status: "shipped" },
    ]);
  });
});

test("inventory.listExpired goes on where its cursor says", async () => {
  await shop.create("TEA-100", 10);
  const all = [];
  for (let count = 0; count < 3; count++) {
    const order = orderFor({ "TEA-100": 1 });
    await shop.placed(order);
    all.push(order.id);
  }
  now += 24 * 60 * MINUTE;
  const first = await shop.call(inventory.calls.listExpired, { limit: 2 });
  const second = await shop.call(inventory.calls.listExpired, {
    limit: 2,
    cursor: first.nextCursor as string,
  });
  expect([...first.orderIds, ...second.orderIds].toSorted()).toEqual(all.toSorted());
  expect(second.nextCursor).toBeNull();
});
