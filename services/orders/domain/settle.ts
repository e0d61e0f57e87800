/**
 * When nothing is left to do for an order: it is settled, and nobody looks at it any more. Here stands what orders
 * itself knows of that; stock and messages are for whoever asks to settle it to find out.
 */
import type { OrderStatus } from "../contract.ts";
import type { OrderRecord } from "./order-record.ts";
import { isCaptured, mayHoldMoney } from "./payment.ts";

const TERMINAL: readonly OrderStatus[] = ["rejected", "cancelled", "fulfilled", "returned"];

/** Whether the order has ended, if it does not come back. */
export function isTerminal({ status }: Pick<OrderRecord, "status">): boolean {
  return TERMINAL.includes(status);
}

/** Whether a terminal order's money is where it belongs: with us once fulfilled, else with the customer. */
export function paymentFits(order: Pick<OrderRecord, "status" | "payment">): boolean {
  if (order.status === "fulfilled") return isCaptured(order);
  return !mayHoldMoney(order) && !isCaptured(order);
}

/** Whether orders itself has nothing left to do for the order. */
export function canSettle(order: OrderRecord): boolean {
  return isTerminal(order) && paymentFits(order);
}

/**
 * The settled order; its version stays, because nobody sees the difference. Undefined when it cannot be settled, is
 * settled already, or has changed since `version` was looked at.
 * @param nowMs Unix time in milliseconds
 */
export function settle(
  { settleFrom, ...order }: OrderRecord,
  { version, nowMs }: { version: number; nowMs: number },
): OrderRecord | undefined {
  if (settleFrom === undefined || order.version !== version || !canSettle(order)) return undefined;
  return { ...order, settledAt: nowMs };
}
