import type { IdempotencyKeys } from "../../../mixins/idempotency/idempotency.ts";
import type { PaymentProvider } from "../providers/payment-provider.ts";
import type { OrderNumbers } from "../repositories/order-numbers.ts";
import type { OrderRepository } from "../repositories/order-repository.ts";

/** What the handlers of orders work with. */
export interface OrdersDependencies {
  readonly repository: OrderRepository;
  readonly numbers: OrderNumbers;
  readonly idempotency: IdempotencyKeys;
  readonly payments: PaymentProvider;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
}
