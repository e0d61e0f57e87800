import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import type { orders } from "../../contract.ts";
import { isCaptured, paymentKeys, recordUndone } from "../../domain/payment.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** `payments.refund`: an order that was paid has ended, so its customer gets the money back. */
export function refundPayment({
  repository,
  payments,
  clock,
}: OrdersDependencies): MessageHandler<typeof orders.commands.refundPayment> {
  return async ({ data: { orderId } }, delivery, ctx) => {
    const order = await repository.get(orderId);
    const { paymentId } = order.payment;
    if (!isCaptured(order) || !paymentId) return;
    await payments.refund({
      key: paymentKeys.refund(orderId),
      paymentId,
      requestId: ctx.requestID as string,
    });
    const at = new Date(clock()).toISOString();
    await repository.change(orderId, (current) => recordUndone(current, { status: "refunded" }, { at }), {
      delivery,
    });
    ctx.service?.logger.info({ orderId, paymentId }, "payment refunded");
  };
}
