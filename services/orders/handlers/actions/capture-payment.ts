import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { OrderNotClaimable, OrderNotClaimed } from "../../domain/errors.ts";
import { toOrder } from "../../domain/order-record.ts";
import { paymentKeys, recordCapture } from "../../domain/payment.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** Captures the payment of a claimed order: the claim is the stored intent, the key is the order's. */
export function capturePayment({
  repository,
  payments,
  clock,
}: OrdersDependencies): Handler<typeof orders.calls.capturePayment> {
  return async ({ orderId }, ctx) => {
    const order = await repository.get(orderId);
    const { status, paymentId } = order.payment;
    if (status === "captured" || status === "refunded") return toOrder(order);
    if (order.status === "cancelled") throw new OrderNotClaimable(order);
    if (!order.claimedAt || !paymentId) throw new OrderNotClaimed(orderId);
    await payments.capture({
      key: paymentKeys.capture(orderId),
      paymentId,
      requestId: ctx.requestID as string,
    });
    const at = new Date(clock()).toISOString();
    const captured = await repository.change(orderId, (current) => recordCapture(current, { at }));
    ctx.service?.logger.info({ orderId, paymentId }, "payment captured");
    return toOrder(captured);
  };
}
