import type { OrderRecord } from "../domain/order-record.ts";
import { paymentKeys } from "../domain/payment.ts";
import type { Authorization, PaymentProvider } from "../providers/payment-provider.ts";

/** Authorizes an order's payment, or finds out what became of it: the order's one key gives the order's one answer. */
export function authorize(
  payments: PaymentProvider,
  { id, total, payment }: OrderRecord,
  requestId: string,
): Promise<Authorization> {
  return payments.authorize({
    key: paymentKeys.authorize(id),
    orderId: id,
    amount: total,
    paymentMethod: payment.method,
    requestId,
  });
}
