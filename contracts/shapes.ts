/** Shapes that several contracts share: the words of the domain as schemas. */
import { z } from "zod";

export const Sku = z
  .string()
  .regex(/^[A-Z0-9][A-Z0-9-]{1,31}$/, "must be 2-32 of A-Z, 0-9 and -, not starting with -");

const Currency = z.string().regex(/^[A-Z]{3}$/, "must be an ISO 4217 code such as EUR");

/** Integer minor units (cents) and an ISO 4217 code; never a float. Holds the largest order's total. */
export const Money = z.strictObject({ amount: z.int().min(0).max(100_000_000_000_000), currency: Currency });
export type Money = z.output<typeof Money>;

/** Money for one unit of a product. */
export const Price = z.strictObject({ amount: z.int().min(0).max(1_000_000_000), currency: Currency });

/** Text for people on one line: in a mail or a log, what is no character could pass for lines of its own. */
export const OneLine = z
  .string()
  .trim()
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, "must be one line without control characters");

/** How many of one product an order line takes. */
export const Quantity = z.int().min(1).max(1000);

/** UTC, RFC 3339 with milliseconds. */
export const Timestamp = z.iso.datetime({ precision: 3 });

const prefixedId = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[0-9a-f]{32}$`));
export const OrderId = prefixedId("ord");
export const UserId = prefixedId("usr");
export const ReservationId = prefixedId("rsv");

/** A ladder: each role may all that those before it may. */
export const Role = z.enum(["customer", "operator", "admin"]);
export type Role = z.output<typeof Role>;

/** Who acts: set by the gateway from the verified token, carried in `ctx.meta.user`. */
export const User = z.strictObject({
  id: UserId,
  email: z.string(),
  name: z.string(),
  roles: z.array(Role),
});
export type User = z.output<typeof User>;

/** Cursor pagination, newest first. `cursor` is opaque to clients. */
export const PageParams = {
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().max(200).optional(),
};
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

/**
 * An idempotency key as the gateway hands it on: `key` holds user, method, path and the client's key;
 * `fingerprint` is a digest of the body, so that another body under the same key can be refused.
 */
export const Idempotency = z.strictObject({
  key: z.string().min(1).max(600),
  fingerprint: z.string().length(64),
});
export type Idempotency = z.output<typeof Idempotency>;
