import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { BadSetting } from "../../../settings.ts";
import { answerParserErrors } from "./parser-errors.ts";

/** A client that sends slowly is let go, so that no request lasts longer than 10 s. */
const HEADERS_TIMEOUT_MS = 4_000;
const REQUEST_TIMEOUT_MS = 6_000;
/** Node looks for slow clients only this often; its default is 30 s. */
const CHECK_INTERVAL_MS = 500;
/** Longer than the usual 60 s of proxies, so that they close idle connections, and never send into a closing one. */
const KEEP_ALIVE_MS = 65_000;
/** How long a stopping server waits for the requests that it has begun. */
const FINISH_MS = 3_000;

export interface HttpServerOptions {
  readonly port: number;
  /** Address to listen on; all interfaces when it is undefined. */
  readonly host?: string | undefined;
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Tells of what never became a request. */
  readonly onParserError: (refused: { requestId: string; status: number; code: string }) => void;
  readonly clock: () => number;
}

/** The gateway's HTTP server: Node's own, with time-outs that hold and problems instead of Node's bare answers. */
export function createHttpServer({ port, host, serve, onParserError, clock }: HttpServerOptions) {
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Node would answer a missing Host with an empty 400.
    requireHostHeader: false,
  });
  server.on("request", serve);
  server.on("checkExpectation", serve);
  answerParserErrors(server, { onRefused: onParserError, clock });

  return {
    /**
     * @returns the port that it listens on
     * @throws {BadSetting} the port is taken
     */
    listen: () => listen(server, port, host),

    isListening: () => server.listening,

    /** Takes no more connections, waits for the requests that have begun, and hangs up on those that last too long. */
    async close(): Promise<void> {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      const patience = new AbortController();
      const tired = setTimeout(FINISH_MS, undefined, { signal: patience.signal }).catch(() => undefined);
      await Promise.race([closed, tired]);
      patience.abort();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, port: number, host: string | undefined): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(portError(error, port)));
    server.listen({ port, host }, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}

function portError(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE")
    return new BadSetting(`Port ${port} is taken by another program: choose a free one with PORT=<number>.`);
  if (error.code === "EACCES")
    return new BadSetting(`Port ${port} is not allowed to this user: choose another one with PORT=<number>.`);
  return error;
}
