/**
 * A route of the HTTP interface, as data: what it takes, who may, what it answers. Requests are validated by
 * it, and the OpenAPI documents are generated from it.
 */
import type { z } from "zod";
import type { Idempotency, Role, User } from "../../../contracts/shapes.ts";
import type { Caller } from "../../../mixins/calls.ts";
import type { ProblemName } from "../problems/problem.ts";

type Schema = z.ZodType;
type Parsed<S extends Schema | undefined> = S extends Schema ? z.output<S> : undefined;

/** The least role that a route asks for; roles are a ladder: an admin may all that operators may, and so on. */
export type Who = "anyone" | Role;

/** A request that passed all checks of its route. */
export interface RouteRequest<
  W extends Who = Who,
  K extends boolean = boolean,
  P extends Schema | undefined = Schema | undefined,
  Q extends Schema | undefined = Schema | undefined,
  B extends Schema | undefined = Schema | undefined,
> {
  readonly params: Parsed<P>;
  readonly query: Parsed<Q>;
  readonly body: Parsed<B>;
  readonly user: W extends "anyone" ? undefined : User;
  readonly idempotency: K extends true ? Idempotency : undefined;
  /** For `callService`: keeps the request's id, user and deadline, and retries what is safe to repeat. */
  readonly caller: Caller;
}

export interface Reply<Body = unknown> {
  readonly body: Body;
  /** Path of the thing that was created. */
  readonly location?: string;
  /** The idempotency key was known: this is the first answer again. */
  readonly replayed?: boolean;
}

export interface Route<
  W extends Who = Who,
  K extends boolean = boolean,
  P extends Schema | undefined = Schema | undefined,
  Q extends Schema | undefined = Schema | undefined,
  B extends Schema | undefined = Schema | undefined,
  A extends Schema = Schema,
> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With parameters as `:name`, for example `/v1/orders/:id`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly who: W;
  /** Path parameters; what does not fit does not exist (404). */
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly takesIdempotencyKey?: K;
  /** The answer when all goes well. */
  readonly answer: { readonly status: 200 | 201; readonly description: string; readonly schema: A };
  /** Problems of this route, besides those that any route may answer. */
  readonly problems?: readonly ProblemName[];
  /** Answers carry an ETag, and `If-None-Match` is honoured. */
  readonly etag?: boolean;
  readonly cacheControl?: string;
  handle(request: RouteRequest<W, K, P, Q, B>): Promise<Reply<z.input<A>>>;
}

/** Declares a route; its handler is typed by its schemas. */
export function defineRoute<
  const W extends Who,
  A extends Schema,
  const K extends boolean = false,
  P extends Schema | undefined = undefined,
  Q extends Schema | undefined = undefined,
  B extends Schema | undefined = undefined,
>(route: Route<W, K, P, Q, B, A>): Route {
  return route as unknown as Route;
}
