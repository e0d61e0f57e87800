/** What the gateway answers when it refuses: RFC 9457 problems. `docs/problems.md` explains each of them. */

interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** What a client may do when nothing more is known about the case. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const RETRY_SOON = { "retry-after": "1" };
const BEARER = { "www-authenticate": 'Bearer realm="moleculer-orders"' };

export const problemTypes = {
  "malformed-request": { status: 400, title: "The request is not well-formed HTTP" },
  "malformed-json": { status: 400, title: "The body is not valid JSON" },
  unauthenticated: { status: 401, title: "Sign in first", headers: BEARER },
  "invalid-token": {
    status: 401,
    title: "The access token is not valid",
    detail: "Sign in again.",
    headers: { "www-authenticate": `${BEARER["www-authenticate"]}, error="invalid_token"` },
  },
  "bad-credentials": { status: 401, title: "The address or the password is wrong", headers: BEARER },
  forbidden: { status: 403, title: "Your role does not allow this" },
  "not-found": { status: 404, title: "There is no such thing" },
  "method-not-allowed": { status: 405, title: "The method does not fit this path" },
  "request-timeout": { status: 408, title: "The request took too long to arrive" },
  "email-taken": { status: 409, title: "The address has an account already" },
  "sku-taken": { status: 409, title: "There is a product with this sku already" },
  "insufficient-stock": { status: 409, title: "There is not enough stock" },
  "order-cannot-be-cancelled": { status: 409, title: "The order can not be cancelled any more" },
  "order-cannot-be-returned": { status: 409, title: "Only a fulfilled order can be returned" },
  "replay-failed": { status: 409, title: "The message failed again" },
  "body-too-large": { status: 413, title: "The body is too large", detail: "At most 100 kB are taken." },
  "unsupported-media-type": {
    status: 415,
    title: "The body is not JSON",
    detail: "Send UTF-8 JSON, uncompressed, with `Content-Type: application/json`.",
  },
  "expectation-failed": { status: 417, title: "The expectation can not be met" },
  "invalid-request": { status: 422, title: "The request does not have the right shape" },
  "invalid-idempotency-key": {
    status: 422,
    title: "The idempotency key is not usable",
    detail: "Send one Idempotency-Key of 1 to 255 printable ASCII characters.",
  },
  "idempotency-key-reused": {
    status: 422,
    title: "The idempotency key was used for another request",
    detail: "Take a new key for a new request.",
  },
  "bad-cursor": {
    status: 422,
    title: "The cursor is not one of ours",
    detail: "Use the nextCursor of an answer as it is.",
  },
  "unknown-sku": { status: 422, title: "The order names products that do not exist" },
  "mixed-currencies": { status: 422, title: "An order takes one currency" },
  "headers-too-large": { status: 431, title: "The request's headers are too large" },
  "internal-error": {
    status: 500,
    title: "Something went wrong",
    detail: "Tell us the requestId if it happens again.",
  },
  unavailable: {
    status: 503,
    title: "A part of the system is away",
    detail: "Nothing was changed. Try again.",
    headers: RETRY_SOON,
  },
  "outcome-unknown": {
    status: 503,
    title: "It is not known whether the request was carried out",
    detail:
      "With an Idempotency-Key, send the same request and key again. Without one, look first whether it was carried out.",
    headers: RETRY_SOON,
  },
  "not-ready": { status: 503, title: "Not ready for requests", headers: RETRY_SOON },
} as const satisfies Record<string, ProblemType>;

export type ProblemName = keyof typeof problemTypes;

interface Particulars {
  readonly detail?: string;
  /** Further members of the answer, such as `errors` or `skus`. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal, thrown anywhere in the gateway and answered at one place. Nothing in it is secret. */
export class Problem extends Error {
  readonly type: ProblemName;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  private readonly particulars: Particulars;

  constructor(type: ProblemName, particulars: Particulars = {}) {
    const { status, title, headers }: ProblemType = problemTypes[type];
    super(title);
    this.name = "Problem";
    this.type = type;
    this.status = status;
    this.headers = { ...headers, ...particulars.headers };
    this.particulars = particulars;
  }

  /**
   * The body of the answer.
   * @param instance path of the request
   */
  body({ instance, requestId }: { instance?: string | undefined; requestId: string }) {
    const { detail, status, title }: ProblemType = problemTypes[this.type];
    return {
      type: `/problems/${this.type}`,
      title,
      status,
      detail: this.particulars.detail ?? detail ?? `${title}.`,
      ...(instance === undefined ? {} : { instance }),
      requestId,
      ...this.particulars.extensions,
    };
  }
}

/** See {@link Problem}. */
export function problem(type: ProblemName, particulars?: Particulars): Problem {
  return new Problem(type, particulars);
}
