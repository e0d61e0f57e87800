import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { newId } from "../../../contracts/ids.ts";
import { insert, replace } from "../../../mixins/persistence/store.ts";
import { type OrderStatus, orders, type PaymentStatus } from "../../../services/orders/contract.ts";
import type { OrderRecord } from "../../../services/orders/domain/order-record.ts";
import { orderRecords } from "../../../services/orders/repositories/order-repository.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { aRecord } from "../../support/order-records.ts";
import { type OrdersFixture, openOrders } from "../../support/orders-fixture.ts";

const SECOND = 1_000;

describe("Orders that are not settled", () => {
  let nats: TestNatsServer;
  let shop: OrdersFixture;
  let number = 1;
  beforeAll(async () => {
    nats = await startNatsServer();
  });
  afterAll(() => nats.stop());
  beforeEach(async () => {
    shop = await openOrders({ natsUrl: nats.url });
  });
  afterEach(() => shop.close());

  /** An order that changed last, and was placed, so many seconds ago. */
  async function stored(
    status: OrderStatus,
    payment: PaymentStatus,
    { ago, ...fields }: Partial<OrderRecord> & { ago: number },
  ): Promise<OrderRecord> {
    const changedAt = Date.now() - ago * SECOND;
    const at = new Date(changedAt).toISOString();
    const base = aRecord({ id: newId("ord", changedAt), number: number++ });
    const order: OrderRecord = {
      ...base,
      status,
      payment: { ...base.payment, status: payment },
      history: [{ status, at, by: "test" }],
      createdAt: at,
      settleFrom: changedAt + 15 * SECOND,
      ...fields,
    };
    await shop.store.commit([insert(orderRecords, order)]);
    return order;
  }

  const list = async (page = {}) => shop.call(orders.calls.listUnsettled, page);
  const idsOf = ({ items }: { items: { orderId: string }[] }) => items.map(({ orderId }) => orderId);
  const settle = async (...candidates: { id: string; version: number }[]) =>
    shop.call(orders.calls.settle, {
      orders: candidates.map(({ id, version }) => ({ orderId: id, version })),
    });

  test("are listed 15 seconds after their last change, the longest unchanged first, page by page", async () => {
    await stored("placed", "pending", { ago: 14 });
    const second = await stored("fulfilled", "captured", { ago: 20 });
    const first = await stored("placed", "pending", { ago: 30 });
    expect(idsOf(await list())).toEqual([first.id, second.id]);
    const page = await list({ limit: 1 });
    expect(idsOf(page)).toEqual([first.id]);
    expect(idsOf(await list({ limit: 1, cursor: page.nextCursor }))).toEqual([second.id]);
  });

  test("of one moment are all listed, also where a page ends between them", async () => {
    const settleFrom = Date.now() - SECOND;
    const all: string[] = [];
    for (let count = 0; count < 5; count++)
      all.push((await stored("placed", "pending", { ago: 20, settleFrom })).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...idsOf(page));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(all.toSorted());
  });

  test("say whether orders has nothing left to do for them", async () => {
    await stored("fulfilled", "captured", { ago: 20 });
    await stored("cancelled", "authorized", { ago: 19 });
    expect((await list()).items.map(({ canSettle }) => canSettle)).toEqual([true, false]);
  });

  test("are settled once, and nobody looks at them any more", async () => {
    const order = await stored("fulfilled", "captured", { ago: 20 });
    expect(await settle(order)).toEqual({ settled: 1 });
    expect(await settle(order)).toEqual({ settled: 0 });
    expect((await list()).items).toEqual([]);
    expect(await shop.call(orders.calls.settledOf, { orderIds: [order.id, newId("ord", 1)] })).toEqual({
      orderIds: [order.id],
    });
    expect(await shop.call(orders.calls.settledOf, { orderIds: [order.id], forSeconds: 60 })).toEqual({
      orderIds: [],
    });
  });

  test("are not settled when they have changed since they were looked at", async () => {
    const order = await stored("fulfilled", "captured", { ago: 20 });
    const { version } = order;
    await shop.store.commit([replace(orderRecords, { ...order, version: version + 1 }, { version })]);
    expect(await settle(order)).toEqual({ settled: 0 });
    expect(idsOf(await list())).toEqual([order.id]);
  });

  test("are not settled while they have not ended, or their payment does not fit", async () => {
    const open = await stored("confirmed", "authorized", { ago: 20 });
    const misfit = await stored("cancelled", "captured", { ago: 20 });
    expect(await settle(open, misfit)).toEqual({ settled: 0 });
  });

  test("are checked: those that do not end, and those whose payment does not fit after a grace", async () => {
    const limits = { stuckAfterSeconds: 60, paymentGraceSeconds: 30 };
    await stored("placed", "pending", { ago: 59 });
    const stuck = await stored("confirmed", "authorized", { ago: 61 });
    await stored("cancelled", "authorized", { ago: 29 });
    const misfit = await stored("cancelled", "captured", { ago: 31 });
    await stored("fulfilled", "captured", { ago: 99 });
    expect(await shop.call(orders.calls.checkOrders, limits)).toEqual({
      checked: 5,
      stuck: [{ orderId: stuck.id, problem: expect.stringContaining("confirmed") }],
      misfits: [{ orderId: misfit.id, problem: "cancelled with a payment that is captured" }],
      nextCursor: null,
    });
  });
});
