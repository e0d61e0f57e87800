import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { inboxRows } from "../../../mixins/messaging/outbox.ts";
import { StoreUnavailable } from "../../../mixins/persistence/store.ts";
import { DuplicateSku } from "../../../services/inventory/domain/errors.ts";
import { reservationRows } from "../../../services/inventory/repositories/reservations.ts";
import { orders } from "../../../services/orders/contract.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import {
  HOLD_SECONDS,
  type InventoryFixture,
  openInventory,
  operator,
  orderFor,
  REQUEST_ID,
  tell,
} from "./inventory-fixture.ts";

const NOW = Date.parse("2026-11-22T10:00:00.000Z");

let nats: TestNatsServer;
let shop: InventoryFixture;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  shop = await openInventory({ natsUrl: nats.url, clock: () => NOW });
  await shop.create("TEA-100", 10);
  await shop.create("CUP-1", 1);
});
afterEach(async () => {
  expect(await shop.discrepancies()).toEqual([]);
  await shop.close();
});

describe("a placed order", () => {
  test("gets its stock held until the hold's time is over", async () => {
    const order = orderFor({ "TEA-100": 2, "CUP-1": 1 });
    await shop.placed(order);
    expect(await shop.reservationOf(order)).toMatchObject({
      status: "held",
      version: 1,
      lines: [
        { sku: "TEA-100", quantity: 2 },
        { sku: "CUP-1", quantity: 1 },
      ],
      heldUntil: new Date(NOW + HOLD_SECONDS * 1000).toISOString(),
    });
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 2, available: 8 });
    expect(await shop.stockOf("CUP-1")).toEqual({ onHand: 1, reserved: 1, available: 0 });
  });

  test("leaves a movement for each line that says who and which request caused it", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await shop.placed(order);
    expect(await shop.movementsOf(order)).toEqual([
      {
        id: `mov_${order.id}_TEA-100_reservation`,
        sku: "TEA-100",
        kind: "reservation",
        onHandDelta: 0,
        reservedDelta: 2,
        orderId: order.id,
        by: operator.id,
        requestId: REQUEST_ID,
        at: new Date(NOW).toISOString(),
      },
    ]);
  });

  test("is told of as reserved, with the reservation's version", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await shop.placed(order);
    const { id: reservationId, lines, heldUntil } = (await shop.reservationOf(order)) ?? {};
    expect(await shop.toldOf(order)).toEqual([
      {
        type: "inventory.reserved",
        version: 1,
        data: { orderId: order.id, reservationId, lines, heldUntil },
      },
    ]);
    expect(shop.log).toContainEqual(
      expect.objectContaining({ level: "info", msg: "stock reserved", orderId: order.id }),
    );
  });

  test("with one short line holds nothing at all, and names every short sku", async () => {
    const order = orderFor({ "TEA-100": 2, "CUP-1": 2, "POT-9": 1 });
    await shop.placed(order);
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 0, available: 10 });
    expect(await shop.movementsOf(order)).toEqual([]);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "released", version: 1, lines: [] });
    expect(await shop.toldOf(order)).toEqual([
      { type: "inventory.rejected", version: 1, data: { orderId: order.id, shortSkus: ["CUP-1", "POT-9"] } },
    ]);
    expect(shop.log).toContainEqual(
      expect.objectContaining({ level: "info", msg: "stock rejected", shortSkus: ["CUP-1", "POT-9"] }),
    );
  });

  test("that is delivered twice has one effect", async () => {
    const order = orderFor({ "TEA-100": 2 });
    const message = tell(orders.events.placed, order);
    await shop.deliver(message);
    await shop.deliver(message);
    expect((await shop.stockOf("TEA-100")).reserved).toBe(2);
    expect(await shop.toldOf(order)).toHaveLength(1);
  });

  test("that is delivered many times at once has one effect", async () => {
    const order = orderFor({ "TEA-100": 2 });
    const message = tell(orders.events.placed, order);
    await Promise.all(Array.from({ length: 10 }, () => shop.deliver(message)));
    expect((await shop.stockOf("TEA-100")).reserved).toBe(2);
    expect(await shop.movementsOf(order)).toHaveLength(1);
    expect(await shop.toldOf(order)).toHaveLength(1);
  });

  test("that comes again as another message holds nothing more", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await shop.placed(order);
    await shop.placed(order);
    expect((await shop.stockOf("TEA-100")).reserved).toBe(2);
    expect(await shop.toldOf(order)).toHaveLength(1);
  });

  test("that was rejected stays so, though stock came meanwhile", async () => {
    const order = orderFor({ "CUP-1": 2 });
    await shop.placed(order);
    await shop.create("POT-9", 5);
    await shop.placed(order);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "released" });
    expect(await shop.toldOf(order)).toHaveLength(1);
  });

  test("that comes after its cancellation holds nothing and tells nothing", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await shop.cancelled(order);
    await shop.placed(order);
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 0, available: 10 });
    expect(await shop.reservationOf(order)).toMatchObject({ status: "released", version: 1 });
    expect(await shop.toldOf(order)).toEqual([]);
  });

  test("that comes after its shipment changes nothing", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await shop.placed(order);
    await shop.ship(order);
    await shop.placed(order);
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 8, reserved: 0, available: 8 });
  });

  test("with a sku in two lines is poison: nothing is stored", async () => {
    const order = orderFor({ "TEA-100": 1 });
    const poisoned = { ...order, items: [...order.items, ...order.items] };
    const outcome = shop.placed(poisoned);
    await expect(outcome).rejects.toMatchObject({ type: new DuplicateSku(order.id).code });
    expect(await shop.reservationOf(order)).toBeUndefined();
    expect(await shop.store.find(inboxRows)).toEqual([]);
  });

  test("fails as a dependency does while the store is away, and works once it is back", async () => {
    const order = orderFor({ "TEA-100": 1 });
    await shop.store.disconnect();
    const { code } = new StoreUnavailable("");
    await expect(shop.placed(order)).rejects.toMatchObject({ type: code, retryable: true });
    await shop.store.connect();
    await shop.placed(order);
    expect(await shop.reservationOf(order)).toMatchObject({ status: "held" });
  });
});

describe("orders that race for scarce stock", () => {
  const statuses = async (placed: readonly ReturnType<typeof orderFor>[]) => {
    const reservations = await Promise.all(placed.map((order) => shop.reservationOf(order)));
    return {
      held: reservations.filter((reservation) => reservation?.status === "held").length,
      released: reservations.filter((reservation) => reservation?.status === "released").length,
    };
  };
  const many = (quantities: Record<string, number>, count = 50) =>
    Array.from({ length: count }, () => orderFor(quantities));

  test("for the last unit: exactly one of two wins", async () => {
    const rivals = many({ "CUP-1": 1 }, 2);
    await Promise.all(rivals.map((order) => shop.placed(order)));
    expect(await statuses(rivals)).toEqual({ held: 1, released: 1 });
    const told = (await Promise.all(rivals.map((order) => shop.toldOf(order)))).flat();
    expect(told.map(({ type }) => type).sort()).toEqual(["inventory.rejected", "inventory.reserved"]);
  });

  test("fifty for ten units: ten win, forty are told no, and all units are taken", async () => {
    const rivals = many({ "TEA-100": 1 });
    await Promise.all(rivals.map((order) => shop.placed(order)));
    expect(await statuses(rivals)).toEqual({ held: 10, released: 40 });
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 10, available: 0 });
  });

  test("fifty on two nodes that share the store: ten win", async () => {
    const other = await openInventory({ natsUrl: nats.url, besides: shop });
    const rivals = many({ "TEA-100": 1 });
    await Promise.all(rivals.map((order, index) => (index % 2 ? shop : other).placed(order)));
    await other.close();
    expect(await statuses(rivals)).toEqual({ held: 10, released: 40 });
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 10, available: 0 });
  });

  test("with several lines each: all or none, and no unit is held for a loser", async () => {
    await shop.create("POT-9", 7);
    const rivals = [...many({ "TEA-100": 1, "POT-9": 1 }, 25), ...many({ "POT-9": 1, "TEA-100": 2 }, 25)];
    await Promise.all(rivals.map((order) => shop.placed(order)));
    const { held, released } = await statuses(rivals);
    expect(held + released).toBe(50);
    expect((await shop.stockOf("POT-9")).reserved).toBe(held);
    const lines = (await shop.store.find(reservationRows)).flatMap(({ status, lines: own }) =>
      status === "held" ? own : [],
    );
    const teas = lines.filter(({ sku }) => sku === "TEA-100").map(({ quantity }) => quantity);
    expect((await shop.stockOf("TEA-100")).reserved).toBe(teas.reduce((sum, quantity) => sum + quantity, 0));
  });
});
