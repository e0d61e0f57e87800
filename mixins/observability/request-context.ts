import { AsyncLocalStorage } from "node:async_hooks";
import type { Context, Middleware } from "moleculer";
import type { User } from "../../contracts/shapes.ts";

/** What one request from outside carries through calls, messages, mails and log lines. */
export interface RequestContext {
  readonly requestId: string;
  /** Who acts, when a signed-in user does. */
  readonly user?: User | undefined;
  /** W3C trace context, continued from the client's. */
  readonly traceparent?: string | undefined;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The request that the running code serves; undefined outside of one (start, timers). */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/** Runs `work` as part of a request: its log lines and messages carry the request's id. */
export function runInRequest<T>(request: RequestContext, work: () => T): T {
  return storage.run(request, work);
}

export interface RequestMeta {
  user?: User | undefined;
  traceparent?: string | undefined;
}

/** Moleculer middleware: every action, called from here or from afar, runs in its request's context. */
export function requestContextMiddleware(): Middleware {
  return {
    name: "RequestContext",
    localAction(next: (ctx: Context) => Promise<unknown>) {
      return (ctx: Context<unknown, RequestMeta>) =>
        storage.run(
          { requestId: ctx.requestID as string, user: ctx.meta.user, traceparent: ctx.meta.traceparent },
          () => next(ctx as Context),
        );
    },
  } as unknown as Middleware;
}
