import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import type { orders } from "../../contract.ts";
import type { OrderRecord } from "../../domain/order-record.ts";
import { mayHoldMoney, paymentKeys, recordUndone, type Undone } from "../../domain/payment.ts";
import { PaymentRefused } from "../../providers/payment-provider.ts";
import { authorize } from "../authorize.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/**
 * `payments.void`: an order with a payment intent has ended. Where the outcome of its authorization is unknown, the
 * authorization is repeated with the same key first: what turns out to be held is voided.
 */
export function voidPayment({
  repository,
  payments,
  clock,
}: OrdersDependencies): MessageHandler<typeof orders.commands.voidPayment> {
  return async ({ data: { orderId } }, delivery, ctx) => {
    const order = await repository.get(orderId);
    if (!mayHoldMoney(order)) return;
    const undone = await undo(order, ctx.requestID as string);
    const at = new Date(clock()).toISOString();
    await repository.change(orderId, (current) => recordUndone(current, undone, { at }), { delivery });
    ctx.service?.logger.info({ orderId, ...undone }, "payment undone");
  };

  async function undo(order: OrderRecord, requestId: string): Promise<Undone> {
    const paymentId = order.payment.paymentId ?? (await findOut(order, requestId));
    if (!paymentId) return { status: "declined" };
    try {
      await payments.void({ key: paymentKeys.void(order.id), paymentId, requestId });
      return { status: "voided", paymentId };
    } catch (error) {
      if (!(error instanceof PaymentRefused)) throw error;
      // A capture that was on its way when the order ended came first.
      await payments.refund({ key: paymentKeys.refund(order.id), paymentId, requestId });
      return { status: "refunded", paymentId };
    }
  }

  /** The id of the payment that is held; undefined when the provider declined or refused, so that nothing is. */
  async function findOut(order: OrderRecord, requestId: string): Promise<string | undefined> {
    try {
      const { outcome, paymentId } = await authorize(payments, order, requestId);
      return outcome === "authorized" ? paymentId : undefined;
    } catch (error) {
      if (error instanceof PaymentRefused) return undefined;
      throw error;
    }
  }
}
