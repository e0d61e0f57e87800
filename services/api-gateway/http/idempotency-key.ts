import { createHash, randomUUID } from "node:crypto";
import type { Idempotency } from "../../../contracts/shapes.ts";
import { problem } from "../problems/problem.ts";

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

/**
 * The idempotency key of a write, scoped to user, method and path. Without the client's header it is made up,
 * so that the gateway's own retries cannot do a thing twice.
 * @param sent every `Idempotency-Key` of the request; more than one is none that is usable
 * @param body the parsed JSON body
 * @throws {Problem} invalid-idempotency-key
 */
export function idempotencyOf({
  sent = [randomUUID()],
  userId,
  method,
  path,
  body,
}: {
  sent: readonly string[] | undefined;
  userId: string;
  method: string;
  path: string;
  body: unknown;
}): Idempotency {
  const [clientKey = "", ...others] = sent;
  if (others.length > 0 || !PRINTABLE_ASCII.test(clientKey)) throw problem("invalid-idempotency-key");
  return {
    key: `${userId}:${method}:${path}:${clientKey}`,
    fingerprint: createHash("sha256").update(canonicalJson(body)).digest("hex"),
  };
}

/** JSON with sorted keys and without white space: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isPlainObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
