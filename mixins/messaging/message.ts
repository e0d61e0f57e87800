import { z } from "zod";
import type { DataOf, MessageType } from "../../contracts/define-contract.ts";
import { newId } from "../../contracts/ids.ts";
import { Timestamp } from "../../contracts/shapes.ts";

/** What every durable message carries around its data; maps to CloudEvents 1.0. */
export const Envelope = z.strictObject({
  id: z.string().regex(/^evt_[0-9a-f]{32}$/),
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
): Message<M> {
  return {
    id: newId("evt", nowMs),
    type: type.type,
    version,
    schemaVersion: type.schemaVersion,
    occurredAt: new Date(nowMs).toISOString(),
    subject,
    data: type.data.parse(data) as DataOf<M>,
  };
}
