import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { callService } from "../../../mixins/calls.ts";
import { createMessage } from "../../../mixins/messaging/message.ts";
import { runInRequest } from "../../../mixins/observability/request-context.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import createInventory from "../../../services/inventory/inventory.service.ts";
import { type Order, orders } from "../../../services/orders/contract.ts";
import { readSettings } from "../../../settings.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { type InventoryFixture, openInventory, operator, orderFor } from "./inventory-fixture.ts";

let nats: TestNatsServer;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());

describe("messages that come over NATS", () => {
  let shop: InventoryFixture;
  beforeEach(async () => {
    shop = await openInventory({ natsUrl: nats.url });
    await shop.create("TEA-100", 10);
  });
  afterEach(() => shop.close());

  /** Publishes as orders does: through an outbox, in the request that placed the order. */
  const publish = (type: (typeof orders.events)["placed" | "returned"], order: Order) =>
    runInRequest({ requestId: `req-${order.id}`, user: operator }, () =>
      shop.outbox.commit({
        writes: [],
        messages: [
          createMessage(type, { subject: order.id, version: 1, data: { order }, nowMs: Date.now() }),
        ],
      }),
    );
  const settled = (order: Order) => eventually(() => shop.reservationOf(order));

  test("have their effect, marked with the request that placed the order", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await publish(orders.events.placed, order);
    expect(await settled(order)).toMatchObject({ status: "held" });
    expect(await shop.movementsOf(order)).toMatchObject([{ by: operator.id, requestId: `req-${order.id}` }]);
    expect(shop.log).toContainEqual(expect.objectContaining({ msg: "stock reserved", orderId: order.id }));
  });

  test("bring back a shipped order that was returned", async () => {
    const order = orderFor({ "TEA-100": 2 });
    await publish(orders.events.placed, order);
    await settled(order);
    await shop.ship(order);
    await publish(orders.events.returned, order);
    await eventually(async () => (await shop.reservationOf(order))?.status === "returned");
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 10, reserved: 0, available: 10 });
  });

  test("are not held up by a poisoned one among them", async () => {
    const { items, ...rest } = orderFor({ "TEA-100": 1 });
    await publish(orders.events.placed, { ...rest, items: [...items, ...items] });
    const sound = Array.from({ length: 5 }, () => orderFor({ "TEA-100": 1 }));
    for (const order of sound) await publish(orders.events.placed, order);
    for (const order of sound) expect(await settled(order)).toMatchObject({ status: "held" });
    expect((await shop.stockOf("TEA-100")).reserved).toBe(5);
  });
});

test("the service keeps its store in DATA_DIR and finds it again after a restart", async () => {
  const settings = readSettings({
    NATS_URL: nats.url,
    DATA_DIR: mkdtempSync(join(tmpdir(), "orders-inventory-")),
  });
  const start = async () => {
    const broker = new ServiceBroker({ logger: false });
    broker.createService(createInventory(settings));
    await broker.start();
    return broker;
  };
  const product = { sku: "TEA-100", name: "Green tea", price: { amount: 450, currency: "EUR" }, onHand: 3 };
  const idempotency = { key: "k", fingerprint: "f".repeat(64) };

  const first = await start();
  await callService(first, inventory.calls.createProduct, { product, idempotency });
  await first.stop();
  expect(existsSync(join(settings.DATA_DIR, "inventory.sqlite"))).toBe(true);

  const second = await start();
  const found = await callService(second, inventory.calls.getProduct, { sku: "TEA-100" });
  await second.stop();
  expect(found).toMatchObject({ available: 3 });
  rmSync(settings.DATA_DIR, { recursive: true });
});
