import { type ActionSchema, type Context, Errors, type ServiceSchema } from "moleculer";
import type { z } from "zod";
import type { Call, ParamsOf, ParsedParamsOf, ResultOf } from "../contracts/define-contract.ts";
import { InvalidShape } from "./errors.ts";
import type { RequestMeta } from "./observability/request-context.ts";

/** A handler of one call: takes validated params, answers the contract's result. */
export type Handler<C extends Call> = (
  params: ParsedParamsOf<C>,
  ctx: Context<unknown, RequestMeta>,
) => Promise<ResultOf<C>>;

/** Anything that can place a broker call: a context (keeps deadline, request id and user) or the broker itself. */
export interface Caller {
  call(action: string, params: unknown, options?: object): Promise<unknown>;
}

/**
 * Places a typed call over the broker: a wrong name or payload does not compile.
 * @throws {MoleculerError} the callee's failure, or the broker's (time-out, breaker open, no node)
 */
export async function callService<C extends Call>(
  caller: Pick<Context, "call"> | Caller,
  contractCall: C,
  params: ParamsOf<C>,
  options: { timeoutMs?: number } = {},
): Promise<ResultOf<C>> {
  const { timeoutMs } = options;
  return (await (caller as Caller).call(contractCall.name, params, {
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(contractCall.idempotent ? {} : { retries: 0 }),
  })) as ResultOf<C>;
}

/** Whether a call failed by a rule of the callee's domain: the failure with this `code`, such as `ORDER_NOT_CLAIMABLE`. */
export function isFailure(error: unknown, code: string): error is Errors.MoleculerClientError {
  return error instanceof Errors.MoleculerClientError && error.type === code;
}

/**
 * Turns a contract's calls into Moleculer actions. Every call of the contract needs a handler; params are
 * validated before it runs.
 */
export function answerCalls<Calls extends Record<string, Call>>(
  calls: Calls,
  handlers: { [K in keyof Calls]: Handler<Calls[K]> },
): NonNullable<ServiceSchema["actions"]> {
  return Object.fromEntries(
    Object.entries(calls).map(([name, contractCall]) => {
      const handler = handlers[name] as Handler<Call>;
      const action: ActionSchema = {
        handler: (ctx: Context<unknown, RequestMeta>) =>
          handler(parseShape(contractCall.params, ctx.params), ctx),
      };
      return [name, action];
    }),
  );
}

/**
 * Checks a value against a schema and answers the parsed value.
 * @throws {InvalidShape} naming each wrong field
 */
export function parseShape<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new InvalidShape(
    parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
  );
}
