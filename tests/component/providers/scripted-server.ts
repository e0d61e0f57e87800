/** A server that does what a test tells it: the ways in which the outside fails. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Answers one request: a status and a body, or by itself on the response. */
export type Behaviour = RequestListener | { readonly status: number; readonly body?: unknown };

export const hangs: RequestListener = () => {};
export const dropsConnection: RequestListener = (request) => request.socket.destroy();
export const answersHalf: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": 100 });
  response.write('{"paymentId":', () => response.destroy());
};

export type ScriptedServer = Awaited<ReturnType<typeof startScriptedServer>>;

/** An HTTP server whose behaviour a test changes as it goes; `next` is used up one by one before `behaviour`. */
export async function startScriptedServer() {
  const received: Received[] = [];
  const script = { next: [] as Behaviour[], behaviour: { status: 500 } as Behaviour };
  let connections = 0;
  const server = createServer(async (request, response) => {
    const body = await json(request).catch(() => undefined);
    received.push({ path: request.url ?? "", headers: request.headers, body });
    const behaviour = script.next.shift() ?? script.behaviour;
    if (typeof behaviour === "function") return behaviour(request, response);
    response.writeHead(behaviour.status, { "content-type": "application/json" });
    response.end(JSON.stringify(behaviour.body));
  });
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(script, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    connections: () => connections,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  });
}
