/** What each request is answered. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Logger } from "pino";
import { checked, readJson } from "./json-body.ts";
import { MOVES, type Move, paymentAfter } from "./payment-rules.ts";
import type { Effect, Origin, Payments } from "./payments.ts";
import { Problem } from "./problems.ts";
import { Authorize, IdempotencyKey, NoBody } from "./shapes.ts";

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The client never hears it: it is left waiting. */
  readonly withheld?: boolean;
}

type Handler = (request: IncomingMessage, params: readonly string[]) => Answer | Promise<Answer>;

interface Route {
  readonly path: RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

/** @returns answers one request; throws a `Problem` for what it refuses */
export function createRoutes({ payments, logger }: { payments: Payments; logger: Logger }) {
  const tell = ({ line, replayed }: Effect) => {
    const { orderId, paymentId, requestId } = line;
    logger.info({ requestId, orderId, paymentId, replayed }, `payment ${paymentAfter(line).status}`);
  };

  const authorize: Handler = async (request) => {
    const origin = originOf(request);
    const body = await readJson(request, Authorize);
    const effect = await payments.authorize(body, origin);
    tell(effect);
    const payment = paymentAfter(effect.line);
    return {
      status: 201,
      headers: { location: `/v1/payments/${payment.paymentId}` },
      body: payment,
      withheld: body.paymentMethod === "pm_card_timeout" && !effect.replayed,
    };
  };

  const move: Handler = async (request, [paymentId = "", name]) => {
    const origin = originOf(request);
    await readJson(request, NoBody);
    const effect = await payments.move(name as Move, paymentId, origin);
    tell(effect);
    return { status: 200, body: paymentAfter(effect.line) };
  };

  const routes: readonly Route[] = [
    { path: /^\/healthz$/, methods: { GET: () => ({ status: 200, body: { status: "ok" } }) } },
    { path: /^\/v1\/payments$/, methods: { POST: authorize } },
    {
      path: /^\/v1\/payments\/([\w-]+)$/,
      methods: { GET: async (_request, [id = ""]) => ({ status: 200, body: await payments.get(id) }) },
    },
    {
      path: new RegExp(`^/v1/payments/([\\w-]+)/(${Object.keys(MOVES).join("|")})$`),
      methods: { POST: move },
    },
  ];

  return async (request: IncomingMessage): Promise<Answer> => {
    const [path = ""] = (request.url ?? "").split("?");
    for (const route of routes) {
      const match = route.path.exec(path);
      if (match) return methodOf(route, request)(request, match.slice(1));
    }
    throw new Problem(404, "Not found", "There is nothing here.");
  };
}

function methodOf({ methods }: Route, { method = "" }: IncomingMessage): Handler {
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler) return handler;
  const allow = Object.keys(methods).join(", ");
  throw new Problem(405, "Method not allowed", `This takes ${allow}.`, { headers: { allow } });
}

function originOf(request: IncomingMessage): Origin {
  const key = checked(IdempotencyKey, request.headers["idempotency-key"], "Idempotency-Key");
  return { key, requestId: requestIdOf(request) };
}

/** The client's X-Request-Id, or a fresh one where it has none that fits. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && /^[A-Za-z0-9._:-]{1,128}$/.test(given) ? given : randomUUID();
}
