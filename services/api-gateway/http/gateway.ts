import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { Errors, type ServiceBroker } from "moleculer";
import { callService } from "../../../mixins/calls.ts";
import { isHealthySomewhere } from "../../../mixins/health/tell-health.ts";
import { accessTokens, accounts } from "../../accounts/contract.ts";
import { createRetryBudget } from "../calls/retry-budget.ts";
import { createReadiness } from "../health/readiness.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { translateFailure } from "../problems/translate-failure.ts";
import { createNatsPulse } from "../providers/nats-pulse.ts";
import { allRoutes } from "../routes/all-routes.ts";
import { bearerToken } from "../security/bearer-token.ts";
import { createPublicKeys } from "../security/public-keys.ts";
import { createTokenVerifier } from "../security/token-verifier.ts";
import { logAccess } from "./access-log.ts";
import { beginExchange, type GatewayRequest, type GatewayResponse, originForm } from "./exchange.ts";
import { createHttpServer } from "./http-server.ts";
import { createResponder } from "./respond.ts";
import { webRoutes } from "./web-routes.ts";

const NEEDED_SERVICES = ["accounts", "inventory", "orders"];
const KEYS_TIMEOUT_MS = 2_000;

export interface GatewayDependencies {
  readonly broker: ServiceBroker;
  readonly logger: ServiceBroker["logger"];
  readonly port: number;
  readonly host?: string | undefined;
  /** How long the gateway still serves after it stopped being ready, in milliseconds. */
  readonly drainMs: number;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** moleculer-web's handler of requests. */
  readonly handle: (request: GatewayRequest, response: GatewayResponse) => Promise<void>;
}

/** The HTTP edge around moleculer-web: server, readiness, sign-in, and the one place where refusals are written. */
export function createGateway({ broker, logger, port, host, drainMs, clock, handle }: GatewayDependencies) {
  const pulse = createNatsPulse(broker);
  const readiness = createReadiness({
    services: NEEDED_SERVICES,
    isConnected: pulse.isConnected,
    isAvailable: (service) => isHealthySomewhere(broker, service),
  });
  const responder = createResponder({ isDraining: readiness.isDraining });
  const keys = createPublicKeys({
    fetch: async () =>
      (await callService(broker, accounts.calls.publicKeys, {}, { timeoutMs: KEYS_TIMEOUT_MS })).keys,
    algorithm: accessTokens.algorithm,
    clock,
  });
  const verifier = createTokenVerifier({ keys, clock });
  const server = createHttpServer({
    port,
    host,
    clock,
    serve,
    onParserError: (refused) => logger.info(refused, "refused before it was a request"),
  });

  function serve(incoming: IncomingMessage, response: ServerResponse): void {
    incoming.url = originForm(incoming.url ?? "/");
    const request = Object.assign(incoming, { exchange: beginExchange(incoming, clock()) });
    response.setHeader("x-request-id", request.exchange.requestId);
    response.once("close", () => {
      request.exchange.isOver = true;
    });
    logAccess(logger, request, response, clock);
    const refusal = unacceptable(request);
    if (refusal) responder.sendProblem(request, response, refusal);
    else handle(request, response).catch((error) => fail(request, response, error));
  }

  /** Answers a failure as a problem, and logs what is ours to mend. */
  function fail(request: GatewayRequest, response: GatewayResponse, error: unknown): void {
    if (response.destroyed) return;
    const { exchange } = request;
    const refusal = translateFailure(error, exchange);
    if (refusal.status >= 500 && error !== refusal)
      logger.warn(
        { requestId: exchange.requestId, problem: refusal.type, ...described(error) },
        "request failed",
      );
    responder.sendProblem(request, response, refusal);
  }

  return {
    webRoutes: webRoutes(allRoutes({ readiness }), { responder, budget: createRetryBudget() }),
    fail,

    /** Who sends the request; see `bearerToken` and `createTokenVerifier` for what it throws. */
    async authenticate({ headers, exchange }: GatewayRequest) {
      exchange.user = await verifier.userOf(bearerToken(headers.authorization));
      return exchange.user;
    },

    /** Listens; @throws {BadSetting} the port is taken */
    async start(): Promise<void> {
      pulse.start();
      logger.info({ port: await server.listen() }, "listening");
    },

    /** Goes out of service without losing a request: not ready, still serving, then waiting for what has begun. */
    async drain(): Promise<void> {
      if (!server.isListening()) return;
      readiness.drain();
      logger.info({ drainMs }, "draining");
      await setTimeout(drainMs);
      await server.close();
    },

    async stop(): Promise<void> {
      pulse.stop();
      await server.close();
    },
  };
}

export type Gateway = ReturnType<typeof createGateway>;

/** Refuses what Node would answer with less than a problem. */
function unacceptable({ headers, httpVersion }: IncomingMessage): Problem | undefined {
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== "100-continue")
    return problem("expectation-failed");
  if (headers.host === undefined && httpVersion === "1.1")
    return problem("malformed-request", { detail: "The Host header is missing." });
  return undefined;
}

/** For the log: no stack. */
function described(error: unknown) {
  if (!(error instanceof Error)) return { error: String(error) };
  const type = error instanceof Errors.MoleculerError ? error.type : undefined;
  return { error: `${error.name}: ${error.message}`, ...(type ? { type } : {}) };
}
