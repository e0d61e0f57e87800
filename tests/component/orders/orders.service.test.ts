import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { newId } from "../../../contracts/ids.ts";
import type { User } from "../../../contracts/shapes.ts";
import { inboxRows, outboxRows } from "../../../mixins/messaging/outbox.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import { orders } from "../../../services/orders/contract.ts";
import { PaymentRefused } from "../../../services/orders/providers/payment-provider.ts";
import { orderRecords } from "../../../services/orders/repositories/order-repository.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { type OrdersFixture, openOrders } from "../../support/orders-fixture.ts";

const ann: User = { id: newId("usr", 1), email: "ann@example.com", name: "Ann", roles: ["customer"] };
const bob: User = { id: newId("usr", 2), email: "bob@example.com", name: "Bob", roles: ["customer"] };
const operator: User = { id: newId("usr", 3), email: "op@example.com", name: "Op", roles: ["operator"] };

const tea = (quantity = 1) => ({ items: [{ sku: "TEA-100", quantity }] });
const key = (name: string, fingerprint = "f".repeat(64)) => ({ key: name, fingerprint });

let nats: TestNatsServer;
let fixture: OrdersFixture;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  fixture = await openOrders({ natsUrl: nats.url });
});
afterEach(() => fixture.close());

const placeAs = (user: User, name = newId("key", 1), order: object = tea()) =>
  fixture.call(orders.calls.place, { order: order as never, idempotency: key(name) }, user);

async function placed(): Promise<string> {
  return (await placeAs(ann)).order.id;
}

async function confirmed(): Promise<string> {
  const orderId = await placed();
  await fixture.deliver(inventory.events.reserved, reserved(orderId));
  return orderId;
}

const reserved = (orderId: string) => ({
  orderId,
  reservationId: newId("rsv", 1),
  lines: [{ sku: "TEA-100", quantity: 1 }],
  heldUntil: new Date().toISOString(),
});

const statusOf = async (orderId: string) => (await fixture.store.get(orderRecords, orderId))?.status;
const outboxOf = async (orderId: string) =>
  (await fixture.store.find(outboxRows, { where: { subject: orderId } }))
    .map(({ message }) => message.type)
    .sort();

describe("orders.place", () => {
  test("stores the order, its key and order.placed in one go", async () => {
    const { order, replayed } = await placeAs(ann);
    expect(replayed).toBe(false);
    expect(order).toMatchObject({ number: 1001, status: "placed", customer: { id: ann.id } });
    expect(await outboxOf(order.id)).toEqual(["order.placed"]);
  });

  test("answers a known key with its order as it is now, and makes no other", async () => {
    const first = await placeAs(ann, "k");
    await fixture.deliver(inventory.events.reserved, reserved(first.order.id));
    const again = await placeAs(ann, "k");
    expect(again).toMatchObject({ replayed: true, order: { id: first.order.id, status: "confirmed" } });
    expect(await fixture.store.count(orderRecords)).toBe(1);
  });

  test("answers a known key even when the stock has gone meanwhile", async () => {
    const first = await placeAs(ann, "k");
    fixture.inventory.answer = { products: [], unknownSkus: [], shortSkus: ["TEA-100"] };
    expect((await placeAs(ann, "k")).order.id).toBe(first.order.id);
  });

  test("refuses a known key with another body", async () => {
    await placeAs(ann, "k");
    const other = fixture.call(
      orders.calls.place,
      { order: tea(2), idempotency: key("k", "e".repeat(64)) },
      ann,
    );
    await expect(other).rejects.toMatchObject({ code: 422, type: "IDEMPOTENCY_KEY_REUSED" });
  });

  test("makes one order of twenty requests at once with one key", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => placeAs(ann, "k")));
    expect(new Set(answers.map(({ order }) => order.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await fixture.store.count(orderRecords)).toBe(1);
    expect(await fixture.store.count(outboxRows)).toBe(1);
  });

  test.each([
    ["a shortage", { products: [], unknownSkus: [], shortSkus: ["TEA-100"] }, "INSUFFICIENT_STOCK"],
    ["an unknown sku", { products: [], unknownSkus: ["TEA-100"], shortSkus: [] }, "UNKNOWN_SKU"],
  ])("refuses %s by name, stores nothing, and forgets the key", async (_what, answer, type) => {
    const good = fixture.inventory.answer;
    fixture.inventory.answer = answer;
    await expect(placeAs(ann, "k")).rejects.toMatchObject({ code: 422, type, data: { skus: ["TEA-100"] } });
    expect(await fixture.store.count(orderRecords)).toBe(0);
    expect(await fixture.store.count(outboxRows)).toBe(0);
    fixture.inventory.answer = good;
    expect((await placeAs(ann, "k")).replayed).toBe(false);
  });

  test.each([
    ["quantity 0", { items: [{ sku: "TEA-100", quantity: 0 }] }],
    ["quantity -1", { items: [{ sku: "TEA-100", quantity: -1 }] }],
    ["quantity 1.5", { items: [{ sku: "TEA-100", quantity: 1.5 }] }],
    ["quantity as text", { items: [{ sku: "TEA-100", quantity: "1" }] }],
    ["quantity 1e21", { items: [{ sku: "TEA-100", quantity: 1e21 }] }],
    ["a sku twice", { items: [...tea().items, ...tea().items] }],
    ["no line", { items: [] }],
    [
      "101 lines",
      { items: Array.from({ length: 101 }, (_, index) => ({ sku: `SKU-${index}`, quantity: 1 })) },
    ],
    ["an unknown field", { ...tea(), color: "red" }],
  ])("refuses %s and stores nothing", async (_what, order) => {
    await expect(placeAs(ann, "k", order)).rejects.toMatchObject({ type: "INVALID_SHAPE" });
    expect(await fixture.store.count(orderRecords)).toBe(0);
  });

  test("gives every order a number of its own, over two nodes", async () => {
    const second = await openOrders({ natsUrl: nats.url, file: fixture.file });
    const both = Array.from({ length: 60 }, (_, index) =>
      (index % 2 ? fixture : second).call(
        orders.calls.place,
        { order: tea(), idempotency: key(`k${index}`) },
        ann,
      ),
    );
    const numbers = (await Promise.all(both)).map(({ order }) => order.number);
    await second.close();
    expect(new Set(numbers).size).toBe(60);
    expect(Math.min(...numbers)).toBe(1001);
  });
});

describe("reading orders", () => {
  test("shows an order to its customer and to operators, to nobody else", async () => {
    const orderId = await placed();
    expect((await fixture.call(orders.calls.get, { orderId }, ann)).id).toBe(orderId);
    expect((await fixture.call(orders.calls.get, { orderId }, operator)).id).toBe(orderId);
    const foreign = fixture.call(orders.calls.get, { orderId }, bob);
    const missing = fixture.call(orders.calls.get, { orderId: newId("ord", 9) }, bob);
    await expect(foreign).rejects.toMatchObject({ type: "ORDER_NOT_FOUND" });
    await expect(missing).rejects.toMatchObject({ type: "ORDER_NOT_FOUND" });
  });

  test("lists a customer's own orders, newest first and page by page, whatever is asked for", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) ids.unshift((await placeAs(ann)).order.id);
    await placeAs(bob);
    const first = await fixture.call(orders.calls.list, { limit: 3, customerId: bob.id }, ann);
    const rest = await fixture.call(orders.calls.list, { limit: 3, cursor: first.nextCursor as string }, ann);
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids);
    expect(rest.nextCursor).toBeNull();
  });

  test("lists all orders for operators, by customer and status", async () => {
    await confirmed();
    const bobs = (await placeAs(bob)).order.id;
    const list = (query: object) => fixture.call(orders.calls.list, query, operator);
    expect((await list({})).items).toHaveLength(2);
    expect((await list({ customerId: bob.id })).items.map(({ id }) => id)).toEqual([bobs]);
    expect((await list({ status: "confirmed" })).items).toHaveLength(1);
  });
});

describe("inventory.reserved", () => {
  test("authorizes with the order's key, confirms, and asks for the shipment", async () => {
    const orderId = await confirmed();
    expect(await statusOf(orderId)).toBe("confirmed");
    expect(await outboxOf(orderId)).toEqual(["fulfilment.ship", "order.confirmed", "order.placed"]);
    expect(fixture.payments.authorized).toEqual([`${orderId}:authorize`]);
  });

  test("twice authorizes once", async () => {
    const orderId = await placed();
    const message = fixture.message(inventory.events.reserved, reserved(orderId));
    await fixture.redeliver(message);
    await fixture.redeliver(message);
    expect(fixture.payments.authorized).toHaveLength(1);
    expect((await outboxOf(orderId)).filter((type) => type === "fulfilment.ship")).toHaveLength(1);
  });

  test("stores the intent before the provider is asked", async () => {
    const orderId = await placed();
    let intended: unknown;
    fixture.payments.before = async () => {
      intended = (await fixture.store.get(orderRecords, orderId))?.payment.intendedAt;
    };
    await fixture.deliver(inventory.events.reserved, reserved(orderId));
    expect(intended).toEqual(expect.any(String));
  });

  test("with an unknown outcome leaves the order placed, and finds out by the same key", async () => {
    const orderId = await placed();
    fixture.payments.fail = new Error("timed out");
    const message = fixture.message(inventory.events.reserved, reserved(orderId));
    await expect(fixture.redeliver(message)).rejects.toThrow("timed out");
    expect(await statusOf(orderId)).toBe("placed");
    fixture.payments.fail = undefined;
    await fixture.redeliver(message);
    expect(await statusOf(orderId)).toBe("confirmed");
    expect(new Set(fixture.payments.authorized)).toEqual(new Set([`${orderId}:authorize`]));
  });

  test.each([
    ["declined", undefined],
    ["refused for good", new PaymentRefused("unknown payment method")],
  ])("with a payment that is %s rejects the order", async (_what, failure) => {
    const orderId = await placed();
    if (failure) fixture.payments.fail = failure;
    else fixture.payments.decline = true;
    await fixture.deliver(inventory.events.reserved, reserved(orderId));
    expect(await statusOf(orderId)).toBe("rejected");
    expect(await outboxOf(orderId)).toEqual(["order.placed", "order.rejected"]);
  });

  test("that comes late, after the order has ended, charges nothing", async () => {
    const orderId = await placed();
    await fixture.deliver(inventory.events.rejected, { orderId, shortSkus: ["TEA-100"] });
    await fixture.deliver(inventory.events.reserved, reserved(orderId));
    expect(await statusOf(orderId)).toBe("rejected");
    expect(fixture.payments.authorized).toEqual([]);
  });

  test("of an order that nobody knows fails by itself", async () => {
    const unknown = fixture.deliver(inventory.events.reserved, reserved(newId("ord", 1)));
    await expect(unknown).rejects.toMatchObject({ type: "ORDER_NOT_FOUND" });
  });
});

describe("inventory.rejected", () => {
  test("rejects the order, once, however often it comes", async () => {
    const orderId = await placed();
    const message = fixture.message(inventory.events.rejected, { orderId, shortSkus: ["TEA-100"] });
    await fixture.redeliver(message);
    await fixture.redeliver(message);
    expect(await outboxOf(orderId)).toEqual(["order.placed", "order.rejected"]);
    expect(await fixture.store.count(inboxRows)).toBe(1);
  });

  test("that comes late, after the order was confirmed, changes nothing", async () => {
    const orderId = await confirmed();
    await fixture.deliver(inventory.events.rejected, { orderId, shortSkus: ["TEA-100"] });
    expect(await statusOf(orderId)).toBe("confirmed");
  });
});

describe("orders.cancel", () => {
  test("with one key and several bodies at once changes the order once and refuses the others", async () => {
    const orderId = await placed();
    const bodies = ["a", "b", "c"].map((letter) => ({
      reason: letter,
      idempotency: key("cancel", letter.repeat(64)),
    }));
    const answers = await Promise.allSettled(
      bodies.map((body) => fixture.call(orders.calls.cancel, { orderId, ...body }, ann)),
    );
    const refused = answers.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    expect(refused.map(({ reason }) => reason.type)).toEqual([
      "IDEMPOTENCY_KEY_REUSED",
      "IDEMPOTENCY_KEY_REUSED",
    ]);
    expect((await outboxOf(orderId)).filter((type) => type === "order.cancelled")).toHaveLength(1);
  });
});

describe("fulfilment", () => {
  const step = (call: "claimFulfilment" | "capturePayment" | "fulfil", orderId: string) =>
    fixture.call(orders.calls[call], { orderId });

  test("claims, captures and fulfils, each once however often it is asked for", async () => {
    const orderId = await confirmed();
    for (const call of ["claimFulfilment", "capturePayment", "fulfil"] as const) {
      await step(call, orderId);
      await step(call, orderId);
    }
    for (const call of ["claimFulfilment", "capturePayment", "fulfil"] as const)
      await step(call, orderId).catch(() => {});
    expect(await statusOf(orderId)).toBe("fulfilled");
    expect(fixture.payments.captured).toEqual([`${orderId}:capture`]);
    expect((await outboxOf(orderId)).filter((type) => type === "order.fulfilled")).toHaveLength(1);
  });

  test("does not begin before the order is confirmed", async () => {
    await expect(step("claimFulfilment", await placed())).rejects.toMatchObject({
      type: "ORDER_NOT_CLAIMABLE",
    });
  });

  test("captures nothing without a claim", async () => {
    await expect(step("capturePayment", await confirmed())).rejects.toMatchObject({
      type: "ORDER_NOT_CLAIMED",
    });
    expect(fixture.payments.captured).toEqual([]);
  });
});
