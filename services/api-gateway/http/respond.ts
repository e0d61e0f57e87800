import { createHash } from "node:crypto";
import type { Problem } from "../problems/problem.ts";
import type { Reply, Route } from "../routes/route.ts";
import type { GatewayRequest, GatewayResponse } from "./exchange.ts";

/** Writes answers; while the gateway drains, each of them ends its connection. */
export function createResponder({ isDraining }: { isDraining: () => boolean }) {
  function send(
    response: GatewayResponse,
    status: number,
    headers: Readonly<Record<string, string>>,
    text: string,
  ): void {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(status, {
      "x-content-type-options": "nosniff",
      ...headers,
      ...(status === 304 ? {} : { "content-length": String(Buffer.byteLength(text)) }),
      ...(isDraining() ? { connection: "close" } : {}),
    });
    response.end(text);
  }

  /** Answers a request that went well. */
  function sendReply(route: Route, request: GatewayRequest, response: GatewayResponse, reply: Reply): void {
    const text = JSON.stringify(reply.body);
    const etag = route.etag ? etagOf(text) : undefined;
    const unchanged = etag !== undefined && matches(request.headers["if-none-match"], etag);
    const headers = {
      "cache-control": route.cacheControl ?? "no-store",
      ...(etag ? { etag } : {}),
      ...(reply.location ? { location: reply.location } : {}),
      ...(reply.replayed ? { "idempotent-replayed": "true" } : {}),
      ...(unchanged ? {} : { "content-type": "application/json; charset=utf-8" }),
    };
    send(response, unchanged ? 304 : route.answer.status, headers, unchanged ? "" : text);
  }

  /** Refuses a request. */
  function sendProblem({ exchange }: GatewayRequest, response: GatewayResponse, problem: Problem): void {
    const body = problem.body({ instance: exchange.path, requestId: exchange.requestId });
    send(
      response,
      problem.status,
      { "content-type": "application/problem+json", "cache-control": "no-store", ...problem.headers },
      JSON.stringify(body),
    );
  }

  return { sendReply, sendProblem };
}

export type Responder = ReturnType<typeof createResponder>;

/** A digest of the answer's bytes. */
function etagOf(text: string): string {
  return `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"`;
}

/** Whether `If-None-Match` names this ETag, compared weakly (RFC 9110, 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header
    .split(",")
    .map((candidate) => candidate.trim().replace(/^W\//, ""))
    .some((candidate) => candidate === "*" || candidate === etag);
}
