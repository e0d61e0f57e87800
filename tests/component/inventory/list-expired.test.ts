import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { inventory } from "../../../services/inventory/contract.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { HOLD_SECONDS, type InventoryFixture, openInventory, orderFor } from "./inventory-fixture.ts";

const NOON = Date.parse("2026-11-22T12:00:00.000Z");
const MINUTE = 60_000;
const HOLD = HOLD_SECONDS * 1000;

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
  await shop.create("TEA-100", 10);
});
afterEach(async () => {
  expect(await shop.discrepancies()).toEqual([]);
  await shop.close();
});

/** An order that was placed at a time, as the minutes after noon. */
async function placedAt(minutes: number) {
  now = NOON + minutes * MINUTE;
  const order = orderFor({ "TEA-100": 1 });
  await shop.placed(order);
  return order;
}

const listExpired = async (limit = 100) => (await shop.call(inventory.calls.listExpired, { limit })).orderIds;

describe("inventory.listExpired", () => {
  test("names no order before its hold has run out", async () => {
    await placedAt(0);
    now = NOON + HOLD - 1;
    expect(await listExpired()).toEqual([]);
  });

  test("names an order from the moment on at which its hold runs out", async () => {
    const order = await placedAt(0);
    now = NOON + HOLD;
    expect(await listExpired()).toEqual([order.id]);
  });

  test("names the longest overdue first, and not more than asked for", async () => {
    const second = await placedAt(2);
    const first = await placedAt(1);
    const third = await placedAt(3);
    now += HOLD;
    expect(await listExpired()).toEqual([first.id, second.id, third.id]);
    expect(await listExpired(2)).toEqual([first.id, second.id]);
  });

  test("names an order as long as it is held, and releases nothing by itself", async () => {
    const order = await placedAt(0);
    now += HOLD;
    await listExpired();
    expect(await listExpired()).toEqual([order.id]);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "held", version: 1 });
  });

  test("names none that was released, shipped, returned, rejected or barred", async () => {
    const [released, shipped, returned] = [await placedAt(0), await placedAt(0), await placedAt(0)];
    await shop.cancelled(released);
    await shop.ship(shipped);
    await shop.ship(returned);
    await shop.returned(returned);
    await shop.placed(orderFor({ "TEA-100": 99 }));
    await shop.cancelled(orderFor({ "TEA-100": 1 }));
    now += HOLD;
    expect(await listExpired()).toEqual([]);
  });

  test.each([0, -1, 1.5, 1001])("refuses a limit of %d", async (limit) => {
    await expect(listExpired(limit)).rejects.toMatchObject({ type: "INVALID_SHAPE" });
  });
});
