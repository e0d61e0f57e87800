import { Errors } from "moleculer";
import { Problem, type ProblemName, problem } from "./problem.ts";

interface Translation {
  readonly to: ProblemName;
  /** Fields of the failure's data that the client may see. */
  readonly show?: readonly string[];
  readonly detail?: (shown: Readonly<Record<string, unknown>>) => string;
}

const list = (skus: unknown) => (Array.isArray(skus) ? skus.join(", ") : "some products");

/** Domain failures by their `type`: what a client gets to see of them. What is not listed here is a 500. */
const domainFailures: Readonly<Record<string, Translation>> = {
  INSUFFICIENT_STOCK: {
    to: "insufficient-stock",
    show: ["skus"],
    detail: ({ skus }) => `Not enough of: ${list(skus)}.`,
  },
  UNKNOWN_SKU: { to: "unknown-sku", show: ["skus"], detail: ({ skus }) => `Unknown: ${list(skus)}.` },
  MIXED_CURRENCIES: { to: "mixed-currencies", show: ["currencies"] },
  DUPLICATE_SKU: { to: "invalid-request", detail: () => "The same sku stands in two lines." },
  ORDER_CANNOT_BE_CANCELLED: { to: "order-cannot-be-cancelled" },
  ORDER_CANNOT_BE_RETURNED: { to: "order-cannot-be-returned" },
  REPLAY_FAILED: { to: "replay-failed", show: ["error"] },
  SKU_TAKEN: { to: "sku-taken", show: ["sku"] },
  EMAIL_TAKEN: { to: "email-taken" },
  BAD_CREDENTIALS: { to: "bad-credentials" },
  NOT_SIGNED_IN: { to: "unauthenticated" },
  FORBIDDEN: { to: "forbidden" },
  IDEMPOTENCY_KEY_REUSED: { to: "idempotency-key-reused" },
  BAD_CURSOR: { to: "bad-cursor" },
  INVALID_SHAPE: { to: "invalid-request", show: ["errors"] },
};

/** The broker or the callee says so before anything was done. */
const nothingHappened = new Set([
  "SERVICE_NOT_FOUND",
  "SERVICE_NOT_AVAILABLE",
  "QUEUE_FULL",
  "REQUEST_SKIPPED",
  "BAD_GATEWAY",
  "STORE_UNAVAILABLE",
  "DEPENDENCY_UNAVAILABLE",
  "KEYS_UNAVAILABLE",
]);

/** Something was sent, and no answer came back. */
const nobodyKnows = new Set(["REQUEST_TIMEOUT", "REQUEST_REJECTED"]);

/** Whether a failed call may have had its effect all the same. */
export function mayHaveHappened(error: unknown): boolean {
  return !isRefusal(error) && !nothingHappened.has(typeOf(error));
}

/**
 * Every failure as a problem that is fit for a client.
 * @param outcomeUnknown a write was sent, and at least one of its tries may have had its effect
 */
export function translateFailure(error: unknown, { outcomeUnknown }: { outcomeUnknown: boolean }): Problem {
  if (error instanceof Problem) return error;
  const type = typeOf(error);
  if (outcomeUnknown && (isRefusal(error) || nothingHappened.has(type) || nobodyKnows.has(type)))
    return problem("outcome-unknown");
  if (isRefusal(error)) return translateRefusal(error);
  if (nothingHappened.has(type) || nobodyKnows.has(type)) return problem("unavailable");
  return translateRouterError(type);
}

function isRefusal(error: unknown): error is Errors.MoleculerClientError {
  return error instanceof Errors.MoleculerClientError;
}

function translateRefusal({ type, data }: Errors.MoleculerClientError): Problem {
  const translation = domainFailures[type];
  if (!translation) return problem(type.endsWith("_NOT_FOUND") ? "not-found" : "internal-error");
  const shown = Object.fromEntries((translation.show ?? []).map((field) => [field, data?.[field]]));
  const detail = translation.detail?.(shown);
  return problem(translation.to, { ...(detail === undefined ? {} : { detail }), extensions: shown });
}

/** moleculer-web's own errors, and whatever nobody expected. */
function translateRouterError(type: string): Problem {
  if (type === "UNABLE_DECODE_PARAM")
    return problem("malformed-request", { detail: "The path is not well percent-encoded." });
  return problem("internal-error");
}

function typeOf(error: unknown): string {
  return error instanceof Errors.MoleculerError ? String(error.type) : "";
}
