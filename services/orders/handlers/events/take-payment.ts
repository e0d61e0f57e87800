import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import type { inventory } from "../../../inventory/contract.ts";
import {
  type Changed,
  confirm,
  intendPayment,
  type OrderRecord,
  paymentKeys,
  rejectForPayment,
} from "../../domain/order.ts";
import { PaymentRefused } from "../../providers/payment-provider.ts";
import type { OrdersDependencies } from "../dependencies.ts";

type Outcome =
  | { readonly outcome: "authorized"; readonly paymentId: string }
  | { readonly outcome: "declined"; readonly paymentId?: string };

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
    const order = await repository.change(orderId, (current) =>
      current.status === "placed" && !current.payment.intendedAt
        ? intendPayment(current, { at: now() })
        : unchanged(current),
    );
    if (order.status !== "placed") return;
    const outcome = await authorize(order, ctx.requestID as string);
    const settled = await repository.change(orderId, (current) => settle(current, outcome), { delivery });
    ctx.service?.logger.info({ orderId, status: settled.status }, `payment ${outcome.outcome}`);
  };

  /** A request that the provider refuses for good, such as an unknown means of payment, holds no money: declined. */
  async function authorize({ id, total, payment }: OrderRecord, requestId: string): Promise<Outcome> {
    try {
      return await payments.authorize({
        key: paymentKeys.authorize(id),
        orderId: id,
        amount: total,
        paymentMethod: payment.method,
        requestId,
      });
    } catch (error) {
      if (error instanceof PaymentRefused) return { outcome: "declined" };
      throw error;
    }
  }

  /** An order that was ended while the provider was asked stays as it is. */
  function settle(order: OrderRecord, outcome: Outcome): Changed {
    if (order.status !== "placed") return unchanged(order);
    const cause = { at: now(), by: "orders" };
    return outcome.outcome === "authorized"
      ? confirm(order, outcome, cause)
      : rejectForPayment(order, outcome, cause);
  }
}

function unchanged(order: OrderRecord): Changed {
  return { order, messages: [] };
}
