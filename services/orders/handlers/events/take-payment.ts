import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import type { inventory } from "../../../inventory/contract.ts";
import { confirm, rejectForPayment } from "../../domain/order.ts";
import { type Changed, type OrderRecord, unchanged } from "../../domain/order-record.ts";
import { intendPayment } from "../../domain/payment.ts";
import { type Authorization, PaymentRefused } from "../../providers/payment-provider.ts";
import { authorize } from "../authorize.ts";
import type { OrdersDependencies } from "../dependencies.ts";

type Outcome = Authorization | { readonly outcome: "refused" };

/**
 * Saga step 6, on `inventory.reserved`: stores the intent, authorizes, then confirms or rejects. An unknown outcome
 * throws; the message comes again and asks the provider with the same key.
 */
export function takePayment({
  repository,
  payments,
  clock,
}: OrdersDependencies): MessageHandler<typeof inventory.events.reserved> {
  const now = () => new Date(clock()).toISOString();

  return async ({ data: { orderId } }, delivery, ctx) => {
    const order = await repository.change(orderId, intend);
    if (order.status !== "placed") return;
    const outcome = await ask(order, ctx.requestID as string);
    const settled = await repository.change(orderId, (current) => settle(current, outcome), { delivery });
    ctx.service?.logger.info({ orderId, status: settled.status }, `payment ${outcome.outcome}`);
  };

  function intend(order: OrderRecord): Changed {
    if (order.status !== "placed" || order.payment.intendedAt) return unchanged(order);
    return intendPayment(order, { at: now() });
  }

  /** A request that the provider refuses for good, such as an unknown means of payment, holds no money. */
  async function ask(order: OrderRecord, requestId: string): Promise<Outcome> {
    try {
      return await authorize(payments, order, requestId);
    } catch (error) {
      if (error instanceof PaymentRefused) return { outcome: "refused" };
      throw error;
    }
  }

  /** An order that was ended while the provider was asked stays as it is: its end has undone the intent. */
  function settle(order: OrderRecord, outcome: Outcome): Changed {
    if (order.status !== "placed") return unchanged(order);
    const cause = { at: now(), by: "orders" };
    if (outcome.outcome === "authorized") return confirm(order, outcome, cause);
    return rejectForPayment(order, "paymentId" in outcome ? outcome : {}, cause);
  }
}
