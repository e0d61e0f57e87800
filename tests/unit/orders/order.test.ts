import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { MessageType } from "../../../contracts/define-contract.ts";
import { Order, type OrderStatus } from "../../../services/orders/contract.ts";
import {
  cancel,
  claim,
  confirm,
  expire,
  failFulfilment,
  fulfil,
  rejectForPayment,
  rejectForStock,
  returnOrder,
} from "../../../services/orders/domain/order.ts";
import {
  type Changed,
  moves,
  type OrderRecord,
  toOrder,
} from "../../../services/orders/domain/order-record.ts";
import { intendPayment, recordCapture, recordUndone } from "../../../services/orders/domain/payment.ts";
import { place } from "../../../services/orders/domain/place.ts";
import { aRecord, placing } from "../../support/order-records.ts";

const cause = { at: "2026-11-22T10:00:01.000Z", by: "orders" };
const types = ({ messages }: Changed) => messages.map(({ type }: { type: MessageType }) => type.type);

/** An order past the point of no return, its payment authorized. */
const aClaimed = () => claim(confirm(aRecord(), { paymentId: "pay_1" }, cause).order, cause).order;

/** Every step that a placed order can be asked to take. */
const steps: Record<string, (order: OrderRecord) => Changed> = {
  intendPayment: (order) => intendPayment(order, cause),
  confirm: (order) => confirm(order, { paymentId: "pay_1" }, cause),
  rejectForStock: (order) => rejectForStock(order, cause),
  rejectForPayment: (order) => rejectForPayment(order, { paymentId: "pay_1" }, cause),
  claim: (order) => claim(order, cause),
  recordCapture: (order) => recordCapture(order, cause),
  fulfil: (order) => fulfil(order, cause),
  cancel: (order) => cancel(order, cause),
  expire: (order) => expire(order, cause),
  failFulfilment: (order) => failFulfilment(order, { ...cause, reason: "shipment_failed" }),
  return: (order) => returnOrder(order, cause),
  recordVoided: (order) => recordUndone(order, { status: "voided", paymentId: "pay_1" }, cause),
  recordRefunded: (order) => recordUndone(order, { status: "refunded" }, cause),
};

describe("placing an order", () => {
  test("fixes the prices and names that inventory answered, and tells of it", () => {
    const placed = place(placing());
    expect(placed.order).toMatchObject({
      status: "placed",
      version: 1,
      items: [
        { sku: "TEA-100", name: "Green tea", quantity: 2, unitPrice: { amount: 450, currency: "EUR" } },
      ],
      total: { amount: 900, currency: "EUR" },
      payment: { status: "pending" },
    });
    expect(types(placed)).toEqual(["order.placed"]);
    expect(placed.messages[0]?.data).toEqual({ order: toOrder(placed.order) });
  });

  test("refuses two currencies", () => {
    const request = {
      ...placing().request,
      items: [
        { sku: "TEA-100", quantity: 1 },
        { sku: "CUP-1", quantity: 1 },
      ],
    };
    const products = [
      ...placing().products,
      { sku: "CUP-1", name: "Cup", price: { amount: 900, currency: "USD" }, available: 5 },
    ];
    expect(() => place({ ...placing(), request, products })).toThrow(
      expect.objectContaining({ code: "MIXED_CURRENCIES", data: { currencies: ["EUR", "USD"] } }),
    );
  });
});

describe("the way forward", () => {
  test("goes from placed over confirmed to fulfilled, each move once in the history", () => {
    const placed = place(placing()).order;
    const confirmed = confirm(intendPayment(placed, cause).order, { paymentId: "pay_1" }, cause);
    const captured = recordCapture(claim(confirmed.order, cause).order, cause);
    const fulfilled = fulfil(captured.order, cause);
    expect(fulfilled.order.history.map(({ status }) => status)).toEqual(["placed", "confirmed", "fulfilled"]);
    expect(fulfilled.order.payment.status).toBe("captured");
    expect(types(confirmed)).toEqual(["order.confirmed", "fulfilment.ship"]);
    expect(types(fulfilled)).toEqual(["order.fulfilled"]);
  });

  test.each([
    ["stock", rejectForStock(aRecord(), cause), "out_of_stock", "pending"],
    ["payment", rejectForPayment(aRecord(), { paymentId: "pay_1" }, cause), "payment_declined", "declined"],
  ])("ends early for lack of %s, with the reason", (_what, rejected, reason, payment) => {
    expect(rejected.order).toMatchObject({ status: "rejected", payment: { status: payment } });
    expect(rejected.order.history.at(-1)).toEqual({ status: "rejected", reason, ...cause });
    expect(types(rejected)).toEqual(["order.rejected"]);
  });

  test.each<[keyof typeof steps, OrderRecord]>([
    ["claim", claim(aRecord({ status: "confirmed" }), cause).order],
    ["recordCapture", recordCapture(aClaimed(), cause).order],
    ["fulfil", aRecord({ status: "fulfilled" })],
  ])("takes the step %s twice with one effect", (step, done) => {
    const again = (steps[step] as (order: OrderRecord) => Changed)(done);
    expect(again).toEqual({ order: done, messages: [] });
    expect(again.order).toBe(done);
  });
});

describe("the way back", () => {
  const captured = () => recordCapture(aClaimed(), cause).order;

  test.each([
    ["nothing was intended yet", aRecord(), []],
    ["money may be held, its outcome unknown", intendPayment(aRecord(), cause).order, ["payments.void"]],
    ["money is held", confirm(aRecord(), { paymentId: "pay_1" }, cause).order, ["payments.void"]],
  ])("of an order that is cancelled while %s undoes just that", (_when, order, commands) => {
    const cancelled = cancel(order, { ...cause, reason: "changed my mind" });
    expect(cancelled.order.status).toBe("cancelled");
    expect(cancelled.order.history.at(-1)).toMatchObject({ status: "cancelled", reason: "changed my mind" });
    expect(types(cancelled)).toEqual(["order.cancelled", ...commands]);
  });

  test.each([
    ["claimed", aClaimed()],
    ["fulfilled", fulfil(captured(), cause).order],
    ["rejected", rejectForStock(aRecord(), cause).order],
  ])("is closed to customers once the order is %s", (_state, order) => {
    expect(() => cancel(order, cause)).toThrow(
      expect.objectContaining({ code: "ORDER_CANNOT_BE_CANCELLED" }),
    );
    expect(expire(order, cause)).toEqual({ order, messages: [] });
  });

  test.each([
    ["uncaptured", aClaimed(), "payment_failed", "payments.void"],
    ["captured", captured(), "shipment_failed", "payments.refund"],
  ])(
    "past the point of no return gives back the money of a fulfilment that failed %s",
    (_state, order, reason, command) => {
      const failed = failFulfilment(order, { ...cause, reason });
      expect(failed.order.history.at(-1)).toMatchObject({ status: "cancelled", reason });
      expect(types(failed)).toEqual(["order.cancelled", command]);
    },
  );

  test("refunds a capture that was on its way while the order was cancelled", () => {
    const cancelled = failFulfilment(aClaimed(), cause).order;
    const late = recordCapture(cancelled, cause);
    expect(late.order.payment.status).toBe("captured");
    expect(types(late)).toEqual(["payments.refund"]);
  });

  test.each(["voided", "refunded"] as const)(
    "leaves a payment that is %s so, however late a capture is told",
    (status) => {
      const undone = recordUndone(failFulfilment(captured(), cause).order, { status }, cause).order;
      expect(recordCapture(undone, cause)).toEqual({ order: undone, messages: [] });
    },
  );

  test("returns only what was fulfilled, with a refund", () => {
    const returned = returnOrder(fulfil(captured(), cause).order, cause);
    expect(types(returned)).toEqual(["order.returned", "payments.refund"]);
    expect(returnOrder(returned.order, cause)).toEqual({ order: returned.order, messages: [] });
    expect(() => returnOrder(aClaimed(), cause)).toThrow(
      expect.objectContaining({ code: "ORDER_CANNOT_BE_RETURNED" }),
    );
  });
});

describe("an illegal move", () => {
  const statuses: OrderStatus[] = ["placed", "confirmed", "rejected", "cancelled", "fulfilled", "returned"];
  const legal: Record<string, OrderStatus[]> = {
    intendPayment: ["placed"],
    confirm: [...moves.confirm.from],
    rejectForStock: [...moves.reject.from],
    rejectForPayment: [...moves.reject.from],
    claim: ["confirmed", "fulfilled"],
  };
  const illegal = Object.entries(legal).flatMap(([step, from]) =>
    statuses.filter((status) => !from.includes(status)).map((status) => [step, status] as const),
  );

  test.each(illegal)("%s of an order that is %s throws by name", (step, status) => {
    const order = aRecord({ status });
    expect(() => (steps[step] as (order: OrderRecord) => Changed)(order)).toThrow(
      expect.objectContaining({ code: step === "claim" ? "ORDER_NOT_CLAIMABLE" : "ILLEGAL_TRANSITION" }),
    );
  });

  test("captures nothing before the point of no return", () => {
    expect(() => recordCapture(aRecord({ status: "confirmed" }), cause)).toThrow(
      expect.objectContaining({ code: "ORDER_NOT_CLAIMED" }),
    );
  });

  test("fulfils nothing that is not captured", () => {
    expect(() => fulfil(aRecord({ status: "confirmed", claimedAt: cause.at }), cause)).toThrow(
      expect.objectContaining({ code: "PAYMENT_NOT_CAPTURED" }),
    );
  });
});

test("whatever steps are asked for, in any order, an order only moves forward", () => {
  const step = fc.constantFrom(...Object.keys(steps));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (names) => {
      let order = place(placing()).order;
      for (const name of names) {
        const before = order;
        try {
          order = (steps[name] as (order: OrderRecord) => Changed)(order).order;
        } catch {
          continue;
        }
        expect(order.history.slice(0, before.history.length)).toEqual(before.history);
        expect(order.history.length - before.history.length).toBeLessThanOrEqual(1);
        expect(order.version - before.version).toBe(order === before ? 0 : 1);
      }
      expect(order.history.at(-1)?.status).toBe(order.status);
      if (order.payment.status === "captured") expect(order.claimedAt).toBeDefined();
      expect(Order.safeParse(toOrder(order)).error).toBeUndefined();
    }),
  );
});
