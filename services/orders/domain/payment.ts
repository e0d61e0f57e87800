/** What an order knows of its payment. Money itself moves at the provider; here is noted what is intended and known. */
import { orders, type PaymentStatus } from "../contract.ts";
import { IllegalTransition, OrderNotClaimed } from "./errors.ts";
import { type Cause, type Changed, changed, type OrderRecord, unchanged } from "./order-record.ts";

/**
 * The idempotency keys that the payment provider knows an order's payment by. Always the same for one order: a
 * time-out means "unknown", and only the same key finds out.
 */
export const paymentKeys = {
  authorize: (orderId: string) => `${orderId}:authorize`,
  capture: (orderId: string) => `${orderId}:capture`,
  void: (orderId: string) => `${orderId}:void`,
  refund: (orderId: string) => `${orderId}:refund`,
};

/** Whether the provider may hold money for this order, known or not: an intent is stored and not undone. */
export function mayHoldMoney({ payment }: Pick<OrderRecord, "payment">): boolean {
  return (
    payment.status === "authorized" || (payment.status === "pending" && payment.intendedAt !== undefined)
  );
}

/** Whether the customer has paid and not got it back. */
export function isCaptured({ payment }: Pick<OrderRecord, "payment">): boolean {
  return payment.status === "captured";
}

/**
 * Notes, before the provider is asked, that money may be held from now on.
 * @throws {IllegalTransition} the order is not `placed` any more: no intent is stored then
 */
export function intendPayment(order: OrderRecord, { at }: Pick<Cause, "at">): Changed {
  if (order.status !== "placed") throw new IllegalTransition("intend payment", order);
  return changed(order, { at, payment: { ...order.payment, intendedAt: at } });
}

/**
 * The provider has captured the payment. Recording it again, or after it was undone, changes nothing. A capture that
 * was on its way while the order was cancelled is given back.
 * @throws {OrderNotClaimed} capture comes after the point of no return
 */
export function recordCapture(order: OrderRecord, { at }: Pick<Cause, "at">): Changed {
  if (!order.claimedAt) throw new OrderNotClaimed(order.id);
  if (order.payment.status !== "authorized") return unchanged(order);
  const { order: captured } = withPayment(order, "captured", { at });
  const refund = { type: orders.commands.refundPayment, data: { orderId: order.id } };
  return { order: captured, messages: order.status === "cancelled" ? [refund] : [] };
}

/** What came of undoing the payment of an order that has ended. */
export interface Undone {
  /** `declined`: it turned out that nothing was ever held. */
  readonly status: "voided" | "refunded" | "declined";
  readonly paymentId?: string;
}

/** The payment is undone at the provider. Recording it again changes nothing. */
export function recordUndone(
  order: OrderRecord,
  { status, paymentId }: Undone,
  { at }: Pick<Cause, "at">,
): Changed {
  if (!mayHoldMoney(order) && !isCaptured(order)) return unchanged(order);
  return withPayment(order, status, { at, paymentId });
}

function withPayment(
  order: OrderRecord,
  status: PaymentStatus,
  { at, paymentId = order.payment.paymentId }: { at: string; paymentId?: string | undefined },
): Changed {
  return changed(order, { at, payment: { ...order.payment, status, ...(paymentId ? { paymentId } : {}) } });
}
