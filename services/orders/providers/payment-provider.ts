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

const PaymentId = z.string().min(1).max(100);
const Authorized = z.discriminatedUnion("status", [
  z.object({ status: z.literal("authorized"), paymentId: PaymentId }),
  z.object({ status: z.literal("declined"), paymentId: PaymentId, reason: z.string().default("declined") }),
]);
const Moved = z.object({ paymentId: PaymentId });
const Problem = z.object({ detail: z.string() });

/**
 * The answers that say for good that nothing was done. Any other (a key that is still at work, credentials that do not
 * fit, a proxy's page) tells nothing about the money: its outcome is unknown, and the same key finds out.
 */
const REFUSALS = { authorize: [400, 402, 422], move: [400, 402, 404, 409, 422] };

/**
 * With the defaults a call takes at most 4.2 s: two tries of 2 s and up to 0.2 s between them, below the 5 s that a
 * broker call may take.
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
  const isAnswer = (error: unknown) => error instanceof PaymentRefused;
  const breaker = createBreaker({ name: "payment-provider", isAnswer, logger, ...breakerOptions });

  async function ask<S extends z.ZodType>(
    path: string,
    body: unknown,
    request: Request,
    { answer, refusals }: { answer: S; refusals: readonly number[] },
  ) {
    const headers = { "idempotency-key": request.key, "x-request-id": request.requestId };
    const attempt = async () => understand(await client.post(path, body, headers), { answer, refusals });
    try {
      return await breaker.run(() => repeat(attempt, { tries, backOffMs, unless: isAnswer }));
    } catch (error) {
      if (error instanceof PaymentRefused || error instanceof PaymentOutcomeUnknown) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new PaymentOutcomeUnknown(`The payment provider did not answer: ${why}`, { cause: error });
    }
  }

  const move =
    (name: "capture" | "void" | "refund") =>
    async ({ paymentId, ...request }: PaymentRequest) => {
      await ask(`/v1/payments/${encodeURIComponent(paymentId)}/${name}`, {}, request, {
        answer: Moved,
        refusals: REFUSALS.move,
      });
    };

  return {
    async authorize({ orderId, amount, paymentMethod, ...request }) {
      const answer = await ask("/v1/payments", { orderId, ...amount, paymentMethod }, request, {
        answer: Authorized,
        refusals: REFUSALS.authorize,
      });
      const { status, paymentId } = answer;
      return status === "declined"
        ? { outcome: status, paymentId, reason: answer.reason }
        : { outcome: status, paymentId };
    },
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
