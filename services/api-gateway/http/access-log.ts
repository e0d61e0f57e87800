import type { ServiceBroker } from "moleculer";
import type { GatewayRequest, GatewayResponse } from "./exchange.ts";

const MAX_PATH = 200;

/** One line for each HTTP request, when it ends: never a query's values, a token or a body. */
export function logAccess(
  logger: ServiceBroker["logger"],
  request: GatewayRequest,
  response: GatewayResponse,
  clock: () => number,
): void {
  const { exchange, method } = request;
  response.once("close", () => {
    logger.info(
      {
        requestId: exchange.requestId,
        method,
        path: exchange.path.slice(0, MAX_PATH),
        status: response.statusCode,
        ms: clock() - exchange.startedAtMs,
        ...(exchange.user ? { userId: exchange.user.id } : {}),
        ...(response.writableFinished ? {} : { aborted: true }),
      },
      "request",
    );
  });
}
