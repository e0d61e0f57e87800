/** What the provider takes and keeps. */
import { z } from "zod";

const amount = z.int().min(0).max(1_000_000_000);
const currency = z.string().regex(/^[A-Z]{3}$/, "must be an ISO 4217 code such as EUR");
const orderId = z.string().regex(/^[\x21-\x7e]{1,100}$/, "must be 1-100 visible ASCII characters");

/** `pm_card_timeout` commits and never answers the request that committed. */
const PaymentMethod = z.enum(["pm_card_ok", "pm_card_declined", "pm_card_timeout"]);

/** The body of POST /v1/payments; `amount` is in minor units (cents). */
export const Authorize = z.strictObject({ orderId, amount, currency, paymentMethod: PaymentMethod });
export type Authorize = z.output<typeof Authorize>;

/** The body of capture, void and refund: always of the whole amount. */
export const NoBody = z.strictObject({}).optional();

/** Required on every POST: one key, one effect. */
export const IdempotencyKey = z
  .string("is missing")
  .regex(/^[\x20-\x7e]{1,255}$/, "must be 1-255 printable ASCII characters");

/** One line of the ledger: one effect. */
export const LedgerLine = z.strictObject({
  at: z.iso.datetime({ precision: 3 }),
  kind: z.enum(["authorize", "capture", "void", "refund"]),
  key: IdempotencyKey,
  paymentId: z.string().regex(/^pay_[0-9a-f]{32}$/),
  orderId,
  amount,
  currency,
  outcome: z.enum(["succeeded", "declined"]),
  requestId: z.string(),
});
export type LedgerLine = z.output<typeof LedgerLine>;
