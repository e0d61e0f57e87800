import type { Context } from "moleculer";
import type { ApiRouteSchema } from "moleculer-web";
import { Role } from "../../../contracts/shapes.ts";
import type { RequestMeta } from "../../../mixins/observability/request-context.ts";
import type { RetryBudget } from "../calls/retry-budget.ts";
import { problem } from "../problems/problem.ts";
import type { Route, Who } from "../routes/route.ts";
import type { GatewayRequest, GatewayResponse } from "./exchange.ts";
import type { Responder } from "./respond.ts";
import { runRoute } from "./run-route.ts";

const EVERYBODY: readonly Who[] = ["anyone", ...Role.options];

/** What moleculer-web adds to a request. */
export type WebRequest = GatewayRequest & {
  readonly $ctx: Context<unknown, RequestMeta>;
  readonly $params: { readonly params: Readonly<Record<string, string>> };
  /** The path without the query and without a slash at its end. */
  readonly parsedUrl: string;
};

/** What all routes of a gateway share. */
interface Shared {
  readonly responder: Responder;
  readonly budget: RetryBudget;
}

interface Alias {
  readonly method: string;
  match(path: string): unknown;
}

/**
 * The route table as moleculer-web's routes: one for each role, named after it, so that its authentication
 * and authorization hooks know what to ask for.
 */
export function webRoutes(table: readonly Route[], { responder, budget }: Shared): ApiRouteSchema[] {
  return EVERYBODY.map((who) => ({
    name: who,
    path: "/",
    // Else every action of the cluster would be an address.
    mappingPolicy: "restrict",
    mergeParams: false,
    bodyParsers: false,
    logging: false,
    pathToRegexpOptions: { sensitive: true },
    authentication: who !== "anyone",
    authorization: who !== "anyone",
    onBeforeCall: refuseOptions as unknown as NonNullable<ApiRouteSchema["onBeforeCall"]>,
    aliases: Object.fromEntries(
      table
        .filter((route) => route.who === who)
        .map((route) => [`${route.method} ${route.path}`, aliasOf(route, { responder, budget })]),
    ) as unknown as NonNullable<ApiRouteSchema["aliases"]>,
  }));
}

function aliasOf(route: Route, { responder, budget }: Shared) {
  return (request: WebRequest, response: GatewayResponse, next: (error: unknown) => void) => {
    runRoute(route, request, request.$params.params, request.$ctx, budget)
      .then((reply) => responder.sendReply(route, request, response, reply))
      .catch(next);
  };
}

/** moleculer-web runs a route for OPTIONS as if it were the method that a preflight asks about. */
function refuseOptions(
  this: { readonly aliases: readonly Alias[] },
  _ctx: unknown,
  _route: unknown,
  { method, parsedUrl }: WebRequest,
): void {
  if (method === "OPTIONS") throw notRouted(this.aliases, parsedUrl);
}

/** Why no route was found: the path is unknown, or it knows other methods only. */
export function notRouted(aliases: readonly Alias[], path: string) {
  const methods = aliases.filter((alias) => alias.match(path)).map(({ method }) => method);
  return methods.length === 0 ? problem("not-found") : methodNotAllowed(methods);
}

function methodNotAllowed(methods: readonly string[]) {
  const allowed = methods.includes("GET") ? [...methods, "HEAD"] : methods;
  return problem("method-not-allowed", {
    detail: `Allowed here: ${allowed.join(", ")}.`,
    headers: { allow: allowed.join(", ") },
  });
}
