/** What can happen to an order: each change answers the order after it and the messages that it causes. */
import { worker } from "../../worker/contract.ts";
import {
  OrderCannotBeCancelled,
  OrderCannotBeReturned,
  OrderNotClaimable,
  OrderNotClaimed,
  PaymentNotCaptured,
} from "./errors.ts";
import { type Cause, type Changed, changed, move, type OrderRecord, unchanged } from "./order-record.ts";
import { isCaptured } from "./payment.ts";
import { compensations } from "./saga.ts";

/**
 * Stock is held and payment is authorized: confirms the order and asks for its fulfilment.
 * @throws {IllegalTransition}
 */
export function confirm(order: OrderRecord, { paymentId }: { paymentId: string }, cause: Cause): Changed {
  const { order: confirmed, messages } = move(order, "confirm", cause, {
    payment: { ...order.payment, status: "authorized", paymentId },
  });
  const ship = { type: worker.commands.shipFulfilment, data: { orderId: order.id } };
  return { order: confirmed, messages: [...messages, ship] };
}

/** The order's stock could not be held. @throws {IllegalTransition} */
export function rejectForStock(order: OrderRecord, cause: Omit<Cause, "reason">): Changed {
  return move(order, "reject", { ...cause, reason: "out_of_stock" });
}

/** The payment provider declined. @throws {IllegalTransition} */
export function rejectForPayment(
  order: OrderRecord,
  { paymentId }: { paymentId?: string | undefined },
  cause: Omit<Cause, "reason">,
): Changed {
  return move(
    order,
    "reject",
    { ...cause, reason: "payment_declined" },
    { payment: { ...order.payment, status: "declined", ...(paymentId ? { paymentId } : {}) } },
  );
}

/**
 * Ends an order before its fulfilment has begun, with all that undoes what was done for it. Cancelling again changes
 * nothing.
 * @throws {OrderCannotBeCancelled} it has ended otherwise, or its fulfilment has begun
 */
export function cancel(order: OrderRecord, cause: Cause): Changed {
  if (order.status === "cancelled") return unchanged(order);
  if (!isCancellable(order)) throw new OrderCannotBeCancelled(order);
  return undo(order, "cancel", cause);
}

/** Cancels an order whose hold has run out; one that is claimed or has ended stays as it is. */
export function expire(order: OrderRecord, cause: Omit<Cause, "reason">): Changed {
  if (!isCancellable(order)) return unchanged(order);
  return undo(order, "cancel", { ...cause, reason: "reservation_expired" });
}

/**
 * Fulfilment that has begun and failed for good: cancels past the point of no return. Failing again changes nothing.
 * @throws {OrderNotClaimed} its fulfilment has not begun
 * @throws {IllegalTransition} it is fulfilled already
 */
export function failFulfilment(order: OrderRecord, cause: Cause): Changed {
  if (order.status === "cancelled") return unchanged(order);
  if (!order.claimedAt) throw new OrderNotClaimed(order.id);
  return undo(order, "cancel", cause);
}

/**
 * A fulfilled order has come back: refund and restock. Returning again changes nothing.
 * @throws {OrderCannotBeReturned} it is not fulfilled
 */
export function returnOrder(order: OrderRecord, cause: Cause): Changed {
  if (order.status === "returned") return unchanged(order);
  if (order.status !== "fulfilled") throw new OrderCannotBeReturned(order);
  return undo(order, "return", cause);
}

/**
 * The point of no return: only a confirmed order's fulfilment begins; afterwards nothing cancels it but its own failure.
 * Claiming again changes nothing.
 * @throws {OrderNotClaimable} the order is not confirmed
 */
export function claim(order: OrderRecord, { at }: Pick<Cause, "at">): Changed {
  if (order.status !== "confirmed" && order.status !== "fulfilled") throw new OrderNotClaimable(order);
  if (order.claimedAt) return unchanged(order);
  return changed(order, { at, claimedAt: at });
}

/**
 * Payment is captured and stock shipped. Fulfilling again changes nothing.
 * @throws {PaymentNotCaptured}
 * @throws {IllegalTransition}
 */
export function fulfil(order: OrderRecord, cause: Cause): Changed {
  if (order.status === "fulfilled") return unchanged(order);
  if (order.status === "confirmed" && !isCaptured(order)) throw new PaymentNotCaptured(order.id);
  return move(order, "fulfil", cause);
}

function isCancellable({ status, claimedAt }: OrderRecord): boolean {
  return (status === "placed" || status === "confirmed") && claimedAt === undefined;
}

function undo(order: OrderRecord, name: "cancel" | "return", cause: Cause): Changed {
  const { order: ended, messages } = move(order, name, cause);
  return { order: ended, messages: [...messages, ...compensations(order)] };
}
