import { setTimeout } from "node:timers/promises";
import { type Context, Errors } from "moleculer";
import type { Caller } from "../../../mixins/calls.ts";
import type { Exchange } from "../http/exchange.ts";
import { mayHaveHappened } from "../problems/translate-failure.ts";
import type { RetryBudget } from "./retry-budget.ts";

const TRIES = 3;
const OPTIONS = {
  /** So that a try that went to a node which died leaves time for another. */
  timeout: 3_000,
  /** A stopping gateway waits for its HTTP requests, not for calls that nobody waits for any more. */
  tracking: false,
};
const BACK_OFF_MS = 100;

/**
 * Places the calls of one HTTP request: with the request's deadline, retried with full jitter and within the budget
 * where the contract calls that safe. It notes in the exchange when a write may have had its effect although no answer came: the
 * broker's own retries would hide that behind the last try's failure, so they are off here.
 */
export function createEdgeCaller(
  ctx: Pick<Context, "call">,
  exchange: Exchange,
  { changesSomething, budget }: { changesSomething: boolean; budget: RetryBudget },
): Caller {
  return {
    async call(action, params, options = {}) {
      const tries = "retries" in options && options.retries === 0 ? 1 : TRIES;
      budget.earn();
      for (let left = tries - 1; ; left--) {
        const before = exchange.outcomeUnknown;
        exchange.outcomeUnknown ||= changesSomething;
        try {
          const result = await ctx.call(action, params, { ...OPTIONS, ...options, retries: 0 });
          exchange.outcomeUnknown = false;
          return result;
        } catch (error) {
          if (!mayHaveHappened(error)) exchange.outcomeUnknown = before;
          if (left === 0 || exchange.isOver || !isRetryable(error) || !budget.spend()) throw error;
        }
        await setTimeout(Math.random() * BACK_OFF_MS * 2 ** (tries - 1 - left));
      }
    },
  };
}

function isRetryable(error: unknown): boolean {
  return error instanceof Errors.MoleculerError && error.retryable;
}
