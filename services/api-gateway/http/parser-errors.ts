import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { newId } from "../../../contracts/ids.ts";
import { type Problem, type ProblemName, problem } from "../problems/problem.ts";

const problemOfCode: Readonly<Record<string, ProblemName>> = {
  HPE_HEADER_OVERFLOW: "headers-too-large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "body-too-large",
  ERR_HTTP_REQUEST_TIMEOUT: "request-timeout",
};

interface Options {
  readonly onRefused: (refused: { requestId: string; status: number; code: string }) => void;
  readonly clock: () => number;
}

/** Answers what never becomes a request (parser errors, CONNECT) with problems as well. */
export function answerParserErrors(server: Server, { onRefused, clock }: Options): void {
  function refuse(socket: HttpSocket, refusal: Problem, code: string): void {
    const begun = socket._httpMessage;
    const requestId = String(begun?.getHeader("x-request-id") ?? newId("req", clock()));
    // For the log: Node gave the request an answer, which was never sent.
    if (begun) begun.statusCode = refusal.status;
    socket.on("error", () => socket.destroy());
    socket.end(rawAnswer(refusal, requestId), () => socket.destroy());
    onRefused({ requestId, status: refusal.status, code });
  }

  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const code = error.code ?? "UNKNOWN";
    if (code === "ECONNRESET") return void socket.destroy();
    if (isServed(socket)) return endAfterAnswer(socket);
    if (!canAnswer(socket)) return void socket.destroy();
    refuse(socket, problem(problemOfCode[code] ?? "malformed-request"), code);
  });

  server.on("connect", (_request: IncomingMessage, socket) => {
    refuse(
      socket,
      problem("method-not-allowed", { headers: { allow: "GET, HEAD, POST, PATCH, DELETE" } }),
      "CONNECT",
    );
  });
}

/** With the answer of the request that has come in part; Node's types hide it. */
type HttpSocket = Duplex & { readonly _httpMessage?: ServerResponse | null };

/** Whether a whole request came before, whose answer is still to come: it is carried out, and must not be refused. */
function isServed({ _httpMessage: begun }: HttpSocket): boolean {
  return begun?.req.complete === true && !begun.writableFinished;
}

/** What comes behind a request that is being served is not read. */
function endAfterAnswer(socket: HttpSocket): void {
  socket.pause();
  socket._httpMessage?.once("finish", () => socket.end(() => socket.destroy()));
}

/** Not when an answer has begun on this connection: ours would be read as part of it. */
function canAnswer(socket: HttpSocket): boolean {
  return socket.writable && !socket._httpMessage?.headersSent;
}

function rawAnswer(refusal: Problem, requestId: string): string {
  const body = JSON.stringify(refusal.body({ requestId }));
  const headers = {
    "content-type": "application/problem+json",
    "content-length": Buffer.byteLength(body),
    "x-request-id": requestId,
    ...refusal.headers,
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join("")}\r\n${body}`;
}
