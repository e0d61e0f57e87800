/** The HTTP edge: hands requests to the routes and delivers their answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { Problem } from "./problems.ts";
import type { Answer } from "./routes.ts";

export interface PaymentServer {
  readonly server: Server;
  /** Takes no new connections, lets running requests end, cuts off those whose answer is withheld. */
  stop(): Promise<void>;
}

/** @param answer throws a `Problem` for what it refuses */
export function createPaymentServer(deps: {
  answer: (request: IncomingMessage) => Promise<Answer>;
  logger: Logger;
}): PaymentServer {
  const waiting = new Set<ServerResponse>();

  // Every answer passes here: the place to slow it down, spoil it or drop it from outside one day.
  const deliver = ({ status, headers = {}, body, withheld }: Answer, response: ServerResponse) => {
    if (withheld) {
      waiting.add(response);
      response.once("close", () => waiting.delete(response));
      return;
    }
    const text = JSON.stringify(body);
    response.writeHead(status, {
      "content-type": status >= 400 ? "application/problem+json" : "application/json",
      "content-length": Buffer.byteLength(text),
      "cache-control": "no-store",
      ...headers,
    });
    response.end(text);
  };

  const options = {
    requestTimeout: 10_000,
    headersTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 60_000,
  };
  const server = createServer(options, (request, response) => {
    deps
      .answer(request)
      .catch((error) => failure(error, deps.logger))
      .then((answer) => deliver(answer, response));
  });
  server.on("clientError", refuse);

  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const response of waiting) response.destroy();
      setTimeout(() => server.closeAllConnections(), 2_000).unref();
    });
  return { server, stop };
}

function failure(error: unknown, logger: Logger): Answer {
  if (error instanceof Problem) {
    const { status, title, message: detail, data, headers } = error;
    return { status, headers, body: { type: "about:blank", title, status, detail, ...data } };
  }
  logger.error({ err: error }, "request failed");
  return { status: 500, body: { type: "about:blank", title: "Internal error", status: 500 } };
}

/** What Node's HTTP parser refuses; 400 for all that is not listed. */
const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

function refuse({ code = "" }: NodeJS.ErrnoException, socket: Duplex): void {
  const line = REFUSALS[code] ?? "400 Bad Request";
  if (socket.writable) socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  else socket.destroy();
}
