import { type Context, Errors, type Middleware, type ServiceBroker } from "moleculer";

/** Counter: calls that were not begun because their caller had stopped waiting; by action. */
export const CALLS_DROPPED = "orders_calls_dropped_total";

const ASKED_AT = "askedAt";

/**
 * Moleculer middleware: work whose caller has gone is not begun. A call carries the time that is left for it
 * (`timeout`, which Moleculer shortens call by call); this adds when it was sent, as a header. Whoever receives it
 * after that time (its process was paused, its queue was long) answers REQUEST_SKIPPED and counts it.
 * Clocks of different machines must agree to well within the shortest time-out; those of one machine do.
 * @param clock Unix time in milliseconds
 */
export function dropLateCalls(clock: () => number = Date.now): Middleware {
  let broker: ServiceBroker;
  return {
    name: "DropLateCalls",

    created(ofNode: ServiceBroker) {
      broker = ofNode;
      broker.metrics.register({
        name: CALLS_DROPPED,
        type: "counter",
        labelNames: ["action"],
        description: "Calls that were not begun because their caller had stopped waiting",
      });
    },

    remoteAction(next: (ctx: Context) => Promise<unknown>) {
      return (ctx: Context) => {
        ctx.headers = { ...ctx.headers, [ASKED_AT]: clock() };
        return next(ctx);
      };
    },

    localAction(next: (ctx: Context) => Promise<unknown>, { name }: { name: string }) {
      return (ctx: Context) => {
        if (!isLate(ctx, clock())) return next(ctx);
        broker.metrics.increment(CALLS_DROPPED, { action: name });
        broker.logger.warn(
          { action: name, requestId: ctx.requestID, caller: ctx.nodeID },
          "call dropped: its caller has gone",
        );
        return Promise.reject(new Errors.RequestSkippedError({ action: name, nodeID: broker.nodeID }));
      };
    },
  } as unknown as Middleware;
}

/** Only calls from other nodes can be late: a local one begins at once. */
function isLate({ headers, options, nodeID, broker }: Context, nowMs: number): boolean {
  const askedAt = (headers as Record<string, unknown> | undefined)?.[ASKED_AT];
  const timeoutMs = options.timeout ?? 0;
  return (
    nodeID !== broker.nodeID && typeof askedAt === "number" && timeoutMs > 0 && nowMs > askedAt + timeoutMs
  );
}
