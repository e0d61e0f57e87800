import { describe, expect, test } from "@jest/globals";
import type { OrderStatus, PaymentStatus } from "../../../services/orders/contract.ts";
import { returnOrder } from "../../../services/orders/domain/order.ts";
import { type OrderRecord, toOrder } from "../../../services/orders/domain/order-record.ts";
import { canSettle, settle } from "../../../services/orders/domain/settle.ts";
import { aRecord } from "../../support/order-records.ts";

const placed = aRecord();

function record(status: OrderStatus, payment: PaymentStatus, fields: Partial<OrderRecord> = {}): OrderRecord {
  return { ...placed, status, ...fields, payment: { ...placed.payment, ...fields.payment, status: payment } };
}

describe("An order can be settled", () => {
  test.each<[OrderStatus, PaymentStatus]>([
    ["fulfilled", "captured"],
    ["returned", "refunded"],
    ["rejected", "declined"],
    ["rejected", "pending"],
    ["cancelled", "pending"],
    ["cancelled", "declined"],
    ["cancelled", "voided"],
    ["cancelled", "refunded"],
  ])("that is %s with a payment that is %s", (status, payment) => {
    expect(canSettle(record(status, payment))).toBe(true);
  });
});

describe("An order can not be settled", () => {
  test.each<[OrderStatus, PaymentStatus]>([
    ["placed", "pending"],
    ["confirmed", "authorized"],
    ["fulfilled", "authorized"],
    ["cancelled", "authorized"],
    ["cancelled", "captured"],
    ["returned", "captured"],
  ])("that is %s with a payment that is %s", (status, payment) => {
    expect(canSettle(record(status, payment))).toBe(false);
  });

  test("whose authorization may have happened", () => {
    const payment = { ...placed.payment, intendedAt: placed.createdAt };
    expect(canSettle({ ...placed, status: "cancelled", payment })).toBe(false);
  });
});

describe("Settling", () => {
  const fulfilled = record("fulfilled", "captured", { version: 5 });

  test("takes the order out of the sight of the reconciler, and changes nothing that anybody sees", () => {
    const settled = settle(fulfilled, { version: 5, nowMs: 7 }) as OrderRecord;
    expect(settled).not.toHaveProperty("settleFrom");
    expect(toOrder(settled)).toEqual(toOrder(fulfilled));
  });

  test("does nothing to an order that has changed since it was looked at", () => {
    expect(settle(fulfilled, { version: 4, nowMs: 7 })).toBeUndefined();
  });

  test("does nothing to an order that is settled", () => {
    const settled = settle(fulfilled, { version: 5, nowMs: 7 }) as OrderRecord;
    expect(settle(settled, { version: 5, nowMs: 7 })).toBeUndefined();
  });

  test("does nothing to an order that has not ended", () => {
    expect(settle(placed, { version: placed.version, nowMs: 7 })).toBeUndefined();
  });

  test("is undone by every later change, such as a return", () => {
    const settled = settle(fulfilled, { version: 5, nowMs: 7 }) as OrderRecord;
    const at = "2026-12-01T12:00:00.000Z";
    const { order } = returnOrder(settled, { at, by: "usr_1" });
    expect(order.settleFrom).toBe(Date.parse(at) + 15_000);
  });
});

test("a new order is looked at 15 seconds after it was placed", () => {
  expect(placed.settleFrom).toBe(Date.parse(placed.createdAt) + 15_000);
});

test("nobody outside sees when an order is looked at", () => {
  expect(toOrder(placed)).not.toHaveProperty("settleFrom");
});
