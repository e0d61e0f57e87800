/** The client of the payment provider: every request has a key, so that it can be repeated without a second effect. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Money } from "../../../contracts/shapes.ts";
import { type BreakerLogger, createBreaker } from "../../../mixins/circuit-breaker.ts";
import { DependencyUnavailable, DomainError } from "../../../mixins/errors.ts";
import { createJsonClient, type JsonAnswer } from "./json-client.ts";

/** Time-out, connection lost, 5xx or breaker open: it may have happened. Ask again with the same key, never with a new one. */
export class PaymentOutcomeUnknown extends DependencyUnavailable {
  override name = "PaymentOutcomeUnknown";
}

/** The provider is up, but its answer settles nothing: a key still at work, or an answer about something else. */
class PaymentUnsettled extends PaymentOutcomeUnknown {
  override name = "PaymentUnsettled";
}

/** The provider refused for good, for example an illegal move (409): nothing happened, and asking again will not help. */
export class PaymentRefused extends DomainError {
  readonly code = "PAYMENT_REFUSED";
}

/** `key` is the Idempotency-Key: one key, one effect, for ever. */
interface Request {
  readonly key: string;
  readonly requestId: string;
}

export interface AuthorizeRequest extends Request {
  readonly orderId: string;
  readonly amount: Money;
  /** The provider's token of a means of payment. */
  readonly paymentMethod: string;
}

export interface PaymentRequest extends Request {
  readonly paymentId: string;
}

export type Authorization =
  | { readonly outcome: "authorized"; readonly paymentId: string }
  | { readonly outcome: "declined"; readonly paymentId: string; readonly reason: string };

/** Every method throws `PaymentRefused` or `PaymentOutcomeUnknown`. */
export interface PaymentProvider {
  /** Holds money. A decline is an outcome, not an error. */
  authorize(request: AuthorizeRequest): Promise<Authorization>;
  /** Takes the money that is held. */
  capture(request: PaymentRequest): Promise<void>;
  /** Lets go of money that is held. */
  void(request: PaymentRequest): Promise<void>;
  /** Gives back money that was taken. */
  refund(request: PaymentRequest): Promise<void>;
  /** Closes all connections; what comes later fails with `PaymentOutcomeUnknown`. */
  close(): void;
}

/** A token, as the provider makes them: it becomes part of a path. */
const PaymentId = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/);
/** What an answer may repeat of the request that it is for. */
const Echo = {
  orderId: z.unknown().optional(),
  amount: z.unknown().optional(),
  currency: z.unknown().optional(),
};
const Authorized = z.discriminatedUnion("status", [
  z.object({ status: z.literal("authorized"), paymentId: PaymentId, ...Echo }),
  z.object({
    status: z.literal("declined"),
    paymentId: PaymentId,
    reason: z
      .string()
      .nullish()
      .transform((reason) => reason ?? "declined"),
    ...Echo,
  }),
]);
const Moved = z.object({ paymentId: z.string(), status: z.unknown().optional() });
const Problem = z.object({ detail: z.string() });
const KnownStatus = z.object({ status: z.string() });
const StatedStatus = z.object({ paymentStatus: z.string() });

/** What a move makes of a payment, and the statuses from which it can not be made any more. */
const MOVES = {
  capture: { to: "captured", ruledOutBy: ["declined", "voided", "refunded"] },
  void: { to: "voided", ruledOutBy: ["declined", "captured", "refunded"] },
  refund: { to: "refunded", ruledOutBy: ["authorized", "declined", "voided"] },
} as const;
type Move = keyof typeof MOVES;

/**
 * The answers that say for good that nothing was done. Any other (a key that is still at work, credentials that do not
 * fit, a proxy's page) tells nothing about the money: its outcome is unknown, and the same key finds out. A 409 may be
 * either; see `afterConflict`.
 */
const REFUSALS = { authorize: [400, 402, 422], move: [400, 402, 404, 422] };
const CONFLICT = 409;

/**
 * With the defaults a call takes at most 4.2 s: two tries of 2 s and up to 0.2 s between them, below the 5 s that a
 * broker call may take; 2 s more where the second one is a conflict whose cause has to be asked for.
 * @param timeoutMs for each try
 * @param tries how often one call asks, always with the same key
 * @param backOffMs the longest wait before the second try, doubled for each further one, with full jitter
 * @param breaker see `createBreaker`; it counts calls, not tries: a provider that answers the second time is up
 */
export function createPaymentProvider({
  url,
  logger,
  timeoutMs = 2_000,
  tries = 2,
  backOffMs = 200,
  breaker: breakerOptions = {},
}: {
  url: string;
  logger?: BreakerLogger | undefined;
  timeoutMs?: number;
  tries?: number;
  backOffMs?: number;
  breaker?: { minCalls?: number; halfOpenMs?: number };
}): PaymentProvider {
  const client = createJsonClient({ url, timeoutMs });
  const isAnswer = (error: unknown) => error instanceof PaymentRefused || error instanceof PaymentUnsettled;
  const breaker = createBreaker({ name: "payment-provider", isAnswer, logger, ...breakerOptions });

  /** One call: asks until there is an answer, the breaker is open or no try is left. */
  async function ask<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await breaker.run(() => repeat(attempt, { tries, backOffMs, unless: isAnswer }));
    } catch (error) {
      if (error instanceof PaymentRefused || error instanceof PaymentOutcomeUnknown) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new PaymentOutcomeUnknown(`The payment provider did not answer: ${why}`, { cause: error });
    }
  }

  const move =
    (name: Move) =>
    ({ paymentId, ...request }: PaymentRequest) =>
      ask(async () => {
        const answer = await client.post(`${pathOf(paymentId)}/${name}`, {}, headersOf(request));
        if (answer.status === CONFLICT) return afterConflict(name, paymentId, request, answer.body);
        const moved = understand(answer, { answer: Moved, refusals: REFUSALS.move });
        requireSame(moved, { paymentId, status: MOVES[name].to });
      });

  /**
   * A 409 says that the payment is in no status for the move, or that its key is still at work: only the status tells
   * which. Stated by the problem, else asked for.
   * @throws {PaymentRefused} the status rules the move out; {PaymentOutcomeUnknown} it does not, or is not known
   */
  async function afterConflict(
    name: Move,
    paymentId: string,
    request: Request,
    problem: unknown,
  ): Promise<void> {
    const stated = StatedStatus.safeParse(problem).data?.paymentStatus;
    const status = stated ?? (await statusOf(paymentId, request));
    const { to, ruledOutBy } = MOVES[name];
    if (status === to) return;
    if (ruledOutBy.some((it) => it === status))
      throw new PaymentRefused(`The payment provider refused: a ${name} of a payment that is ${status}`, {
        status: CONFLICT,
      });
    throw new PaymentUnsettled(`The payment provider has not made the ${name} yet`);
  }

  async function statusOf(paymentId: string, request: Request): Promise<string | undefined> {
    const { status, body } = await client.get(pathOf(paymentId), headersOf(request));
    return status === 200 ? KnownStatus.safeParse(body).data?.status : undefined;
  }

  return {
    authorize: ({ orderId, amount, paymentMethod, ...request }) =>
      ask(async (): Promise<Authorization> => {
        const wanted = { orderId, ...amount };
        const received = await client.post("/v1/payments", { ...wanted, paymentMethod }, headersOf(request));
        const answer = understand(received, { answer: Authorized, refusals: REFUSALS.authorize });
        requireSame(answer, wanted);
        const { status, paymentId } = answer;
        return status === "declined"
          ? { outcome: status, paymentId, reason: answer.reason }
          : { outcome: status, paymentId };
      }),
    capture: move("capture"),
    void: move("void"),
    refund: move("refund"),
    close() {
      breaker.close();
      client.close();
    },
  };
}

/** @throws {PaymentRefused} refused for good; {PaymentOutcomeUnknown} any other answer than the one asked for */
function understand<S extends z.ZodType>(
  { status, body }: JsonAnswer,
  { answer: schema, refusals }: { answer: S; refusals: readonly number[] },
): z.output<S> {
  if (refusals.includes(status)) {
    const problem = Problem.safeParse(body);
    const why = problem.success ? problem.data.detail : "no reason given";
    throw new PaymentRefused(`The payment provider refused: ${why}`, { status });
  }
  const answer = schema.safeParse(body);
  if (status >= 200 && status < 300 && answer.success) return answer.data;
  throw new PaymentOutcomeUnknown(`The payment provider answered with ${status}, which tells nothing`);
}

/**
 * An answer that contradicts its request is about something else, and tells nothing about this. What it leaves out is no
 * contradiction.
 * @throws {PaymentOutcomeUnknown}
 */
function requireSame(
  answer: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): void {
  const other = Object.keys(wanted).filter(
    (field) => answer[field] != null && answer[field] !== wanted[field],
  );
  if (other.length > 0)
    throw new PaymentUnsettled(
      `The payment provider's answer contradicts the request in ${other.join(", ")}`,
    );
}

function pathOf(paymentId: string): string {
  return `/v1/payments/${encodeURIComponent(paymentId)}`;
}

function headersOf({ key, requestId }: Request): Record<string, string> {
  return { "idempotency-key": key, "x-request-id": requestId };
}

async function repeat<T>(
  attempt: () => Promise<T>,
  { tries, backOffMs, unless }: { tries: number; backOffMs: number; unless: (error: unknown) => boolean },
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (tried >= tries || unless(error)) throw error;
      await sleep(Math.random() * backOffMs * 2 ** (tried - 1));
    }
  }
}
