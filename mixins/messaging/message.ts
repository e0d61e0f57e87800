import { z } from "zod";
import type { DataOf, MessageType } from "../../contracts/define-contract.ts";
import { newId } from "../../contracts/ids.ts";
import { Timestamp } from "../../contracts/shapes.ts";
import { parseShape } from "../calls.ts";
import { DomainError } from "../errors.ts";

export const EventId = z.string().regex(/^evt_[0-9a-f]{32}$/);

/** What every durable message carries around its data; maps to CloudEvents 1.0. */
export const Envelope = z.strictObject({
  id: EventId,
  type: z.string(),
  /** Counted per producer and subject, so that a consumer can tell old from new. */
  version: z.int().min(1),
  schemaVersion: z.int().min(1),
  occurredAt: Timestamp,
  /** The id of the order that the message is about. */
  subject: z.string().min(1),
  data: z.unknown(),
});

export type Message<M extends MessageType = MessageType> = Omit<z.output<typeof Envelope>, "data"> & {
  readonly data: DataOf<M>;
};

/** A message on its way into the outbox, with the kind that decides its stream. */
export interface OutgoingMessage {
  readonly kind: MessageType["kind"];
  readonly message: Message;
}

/**
 * Makes a durable message; nothing is published before it is committed through the outbox.
 * @param type an event or command of a contract
 * @param subject the order id
 * @param version counted per producer and order
 * @param nowMs Unix time in milliseconds
 * @throws {z.ZodError} the data does not fit the contract: a bug of the producer
 */
export function createMessage<M extends MessageType>(
  type: M,
  { subject, version, data, nowMs }: { subject: string; version: number; data: DataOf<M>; nowMs: number },
): OutgoingMessage {
  return {
    kind: type.kind,
    message: {
      id: newId("evt", nowMs),
      type: type.type,
      version,
      schemaVersion: type.schemaVersion,
      occurredAt: new Date(nowMs).toISOString(),
      subject,
      data: type.data.parse(data) as DataOf<M>,
    },
  };
}

/** The producer is newer than this consumer: only a newer version of this service can handle the message. */
export class UnknownSchemaVersion extends DomainError {
  readonly code = "UNKNOWN_SCHEMA_VERSION";
}

/** The body of a message is not JSON. */
export class UnreadableMessage extends DomainError {
  readonly code = "UNREADABLE_MESSAGE";
}

/**
 * Reads and validates a message of one type.
 * @param body UTF-8 JSON
 * @throws {UnreadableMessage} not JSON
 * @throws {InvalidShape} the envelope or the data does not fit the contract
 * @throws {UnknownSchemaVersion} a `schemaVersion` that the contract does not know
 */
export function parseMessage<M extends MessageType>(type: M, body: Uint8Array): Message<M> {
  const envelope = parseShape(Envelope, parseJson(body));
  if (envelope.schemaVersion !== type.schemaVersion) {
    throw new UnknownSchemaVersion(`${type.type} has the unknown schemaVersion ${envelope.schemaVersion}`);
  }
  return { ...envelope, data: parseShape(type.data, envelope.data) as DataOf<M> };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new UnreadableMessage("The message is not JSON");
  }
}
