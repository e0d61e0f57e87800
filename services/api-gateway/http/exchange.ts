import type { IncomingMessage, ServerResponse } from "node:http";
import { newId } from "../../../contracts/ids.ts";
import type { User } from "../../../contracts/shapes.ts";

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What the gateway knows about one HTTP request while it serves it. */
export interface Exchange {
  readonly requestId: string;
  /** W3C trace context of the client, if it sent a valid one. */
  readonly traceparent: string | undefined;
  /** Without the query. */
  readonly path: string;
  readonly startedAtMs: number;
  user?: User;
  /** A write was sent, and at least one of its tries may have had its effect. */
  outcomeUnknown: boolean;
  /** It was answered, or the client has gone. */
  isOver: boolean;
}

export type GatewayRequest = IncomingMessage & { exchange: Exchange };
export type GatewayResponse = ServerResponse;

/**
 * Begins an exchange: takes over the client's request id and trace context where they are usable.
 * @param nowMs Unix time in milliseconds
 */
export function beginExchange(request: IncomingMessage, nowMs: number): Exchange {
  return {
    requestId: requestIdFrom(request.headers["x-request-id"], nowMs),
    traceparent: traceparentFrom(request.headers.traceparent),
    path: (request.url ?? "/").split("?", 1)[0] as string,
    startedAtMs: nowMs,
    outcomeUnknown: false,
    isOver: false,
  };
}

/** A request target without scheme and host, which a client may send as well (RFC 9112, 3.2.2). */
export function originForm(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, "");
  return path.startsWith("/") ? path : `/${path}`;
}

/** The client's id (1-128 of `[A-Za-z0-9._:-]`), else a new one. */
export function requestIdFrom(header: string | string[] | undefined, nowMs: number): string {
  return typeof header === "string" && REQUEST_ID.test(header) ? header : newId("req", nowMs);
}

/** The client's W3C trace context; what is malformed is ignored, as the standard asks. */
export function traceparentFrom(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && TRACEPARENT.test(header) ? header : undefined;
}
