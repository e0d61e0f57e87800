/**
 * A contract names all that a service takes and tells: calls, events and commands, each with one zod schema
 * per shape. Types, validation and the interface documents come from these schemas.
 */
import type { z } from "zod";

type Schema = z.ZodType;

/** A question or request whose answer the caller needs now. `name` is the Moleculer action. */
export interface Call<P extends Schema = Schema, R extends Schema = Schema> {
  readonly kind: "call";
  readonly name: string;
  readonly params: P;
  readonly result: R;
  /** Safe to repeat with the same params: only such calls are retried at the edge of the call. */
  readonly idempotent: boolean;
}

/** A durable message: an event (past tense, says what happened) or a command (imperative, asks one service). */
export interface MessageType<D extends Schema = Schema> {
  readonly kind: "event" | "command";
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: D;
}

type CallDefinition<P extends Schema, R extends Schema> = Omit<Call<P, R>, "kind" | "name">;
type Named<C> = { readonly [K in keyof C]: C[K] & { readonly name: string; readonly kind: "call" } };

/** Declares a call; its name comes from its place in the contract. */
export function call<P extends Schema, R extends Schema>(definition: CallDefinition<P, R>) {
  return definition;
}

/** Declares a durable event, for example `order.placed`. */
export function event<D extends Schema>(type: string, data: D, { schemaVersion = 1 } = {}): MessageType<D> {
  return { kind: "event", type, schemaVersion, data };
}

/** Declares a durable command, for example `fulfilment.ship`. */
export function command<D extends Schema>(type: string, data: D, { schemaVersion = 1 } = {}): MessageType<D> {
  return { kind: "command", type, schemaVersion, data };
}

/** Binds calls, events and commands to the service that owns them; call `place` of `orders` becomes `orders.place`. */
export function defineContract<
  const Calls extends Record<string, CallDefinition<Schema, Schema>>,
  const Events extends Record<string, MessageType>,
  const Commands extends Record<string, MessageType>,
>(service: string, parts: { calls: Calls; events: Events; commands: Commands }) {
  const calls = Object.fromEntries(
    Object.entries(parts.calls).map(([name, definition]) => [
      name,
      { ...definition, kind: "call", name: `${service}.${name}` },
    ]),
  ) as Named<Calls>;
  return { service, calls, events: parts.events, commands: parts.commands } as const;
}

/** What a caller hands to a call (defaults may be left out). */
export type ParamsOf<C extends { params: Schema }> = z.input<C["params"]>;
/** What a handler of a call receives (validated, defaults filled in). */
export type ParsedParamsOf<C extends { params: Schema }> = z.output<C["params"]>;
/** What a call answers. */
export type ResultOf<C extends { result: Schema }> = z.output<C["result"]>;
/** The data that a durable message carries. */
export type DataOf<M extends { data: Schema }> = z.output<M["data"]>;

/** A message that a domain rule causes, before it gets its envelope: its type and the data that this type asks for. */
export type MessageDraft<M extends MessageType = MessageType> = M extends MessageType
  ? { readonly type: M; readonly data: DataOf<M> }
  : never;
