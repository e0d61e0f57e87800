import type { MsgHdrs } from "nats";
import { User } from "../../contracts/shapes.ts";
import type { RequestContext } from "../observability/request-context.ts";

const REQUEST_ID = "X-Request-Id";
const TRACEPARENT = "traceparent";
const USER = "X-User";

/** Writes the request that caused a message into its headers. */
export function encodeRequest(headers: MsgHdrs, { requestId, traceparent, user }: RequestContext): MsgHdrs {
  headers.set(REQUEST_ID, requestId);
  if (traceparent) headers.set(TRACEPARENT, traceparent);
  if (user) headers.set(USER, encodeURIComponent(JSON.stringify(user)));
  return headers;
}

/** Reads back what {@link encodeRequest} wrote; headers of another make are no error, they only tell less. */
export function decodeRequest(header: (name: string) => string | undefined): Partial<RequestContext> {
  return {
    ...definedEntry("requestId", header(REQUEST_ID)),
    ...definedEntry("traceparent", header(TRACEPARENT)),
    ...definedEntry("user", decodeUser(header(USER))),
  };
}

/** The headers that {@link encodeRequest} wrote, as they are. */
export function requestHeaders(header: (name: string) => string | undefined): Record<string, string> {
  return Object.fromEntries(
    [REQUEST_ID, TRACEPARENT, USER].flatMap((name) => {
      const value = header(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function decodeUser(value: string | undefined): User | undefined {
  if (value === undefined) return undefined;
  try {
    return User.safeParse(JSON.parse(decodeURIComponent(value))).data;
  } catch {
    return undefined;
  }
}

function definedEntry(name: string, value: unknown): object {
  return value === undefined ? {} : { [name]: value };
}
