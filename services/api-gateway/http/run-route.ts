import type { Context } from "moleculer";
import { z } from "zod";
import type { RequestMeta } from "../../../mixins/observability/request-context.ts";
import { createEdgeCaller } from "../calls/edge-caller.ts";
import type { RetryBudget } from "../calls/retry-budget.ts";
import { checkShape } from "../problems/check-shape.ts";
import { problem } from "../problems/problem.ts";
import type { Reply, Route, RouteRequest } from "../routes/route.ts";
import type { GatewayRequest } from "./exchange.ts";
import { idempotencyOf } from "./idempotency-key.ts";
import { parseQuery } from "./parse-query.ts";
import { readJsonBody } from "./read-json-body.ts";

const NO_PARAMETERS = z.strictObject({});

/**
 * Checks an authorized request against its route and lets the route handle it.
 * @param params path parameters, decoded
 * @throws {Problem} the request does not fit
 * @throws {MoleculerError} the failure of a call
 */
export async function runRoute(
  route: Route,
  request: GatewayRequest,
  params: Readonly<Record<string, string>>,
  ctx: Context<unknown, RequestMeta>,
  budget: RetryBudget,
): Promise<Reply> {
  const { exchange } = request;
  checkParams(route, params);
  const query = checkQuery(route, request.url ?? "/");
  const json = route.body ? await readJsonBody(request) : undefined;
  const body = route.body ? checkShape(route.body, json) : undefined;
  const idempotency = route.takesIdempotencyKey
    ? idempotencyOf({
        sent: request.headersDistinct["idempotency-key"],
        userId: ctx.meta.user?.id ?? "",
        method: route.method,
        path: pathOf(route, params),
        body: json,
      })
    : undefined;
  const caller = createEdgeCaller(ctx, exchange, { changesSomething: route.method !== "GET", budget });
  return route.handle({ params, query, body, user: ctx.meta.user, idempotency, caller } as RouteRequest);
}

function checkParams({ params: schema }: Route, params: Readonly<Record<string, string>>): void {
  if (schema && !schema.safeParse(params).success) throw problem("not-found");
}

function checkQuery({ query: schema }: Route, url: string): unknown {
  const query = parseQuery(url);
  return checkShape(schema ?? NO_PARAMETERS, query);
}

/** The path as the route spells it, so that `/v1/orders` and `/v1/orders/` are one scope for keys. */
function pathOf({ path }: Route, params: Readonly<Record<string, string>>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? "");
}
