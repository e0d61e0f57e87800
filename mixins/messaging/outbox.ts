import type { MessageType } from "../../contracts/define-contract.ts";
import { currentRequest, type RequestContext } from "../observability/request-context.ts";
import { leases } from "../persistence/lease.ts";
import { CommitConflict, collection, insert, type Store, type Write } from "../persistence/store.ts";
import type { Message, OutgoingMessage } from "./message.ts";
import { answers, troubles } from "./notes.ts";

/** A message that was committed with the change that caused it; it stays until its order is settled. */
export type OutboxRow = {
  /** The event id. */
  readonly id: string;
  /** The order id. */
  readonly subject: string;
  readonly kind: MessageType["kind"];
  readonly message: Message;
  /** The request that caused the message; travels in its headers. */
  readonly request: RequestContext;
  /** 1 until JetStream has acknowledged the publish, then 0. */
  readonly pending: number;
  /** Unix time in milliseconds. */
  readonly createdAt: number;
};

/** Says that a consumer has had its effect for a message. */
export type InboxRow = {
  /** `<consumer>:<event id>` */
  readonly id: string;
  readonly subject: string;
  /** Unix time in milliseconds. */
  readonly handledAt: number;
};

export const outboxRows = collection<OutboxRow>({
  name: "outbox",
  key: "id",
  fields: { subject: "text", pending: "number", createdAt: "number" },
  indexes: [["pending", "createdAt"], ["subject"]],
});

export const inboxRows = collection<InboxRow>({
  name: "inbox",
  key: "id",
  fields: { subject: "text", handledAt: "number" },
  indexes: [["subject"], ["handledAt"]],
});

/** The collections that the store of a service with durable messages needs. */
export const messagingCollections = [outboxRows, inboxRows, leases, troubles, answers];

/** One delivery of a message to one consumer. */
export interface Delivery {
  /** `<service>--<message type>`, the durable consumer. */
  readonly consumer: string;
  /** The inbox row: goes into the batch of the effect, so that effect and dedupe are one. */
  readonly inbox: Write;
  /** How often the message was delivered, this time included. */
  readonly tries: number;
  /** Whether the inbox row is in the store: set by the outbox's commit. */
  recorded: boolean;
}

/** The effect of this delivery is in the store already; nothing was written. */
export class AlreadyHandled extends Error {
  readonly code = "ALREADY_HANDLED";
}

export interface Batch {
  readonly writes: readonly Write[];
  /** What the change causes; published once the batch is committed. */
  readonly messages?: readonly OutgoingMessage[];
  /** The message whose effect this is. */
  readonly delivery?: Delivery | undefined;
}

export interface Outbox {
  /**
   * Commits a change, the messages that it causes and the inbox row of the message that caused it: all or none.
   * Resolves after the commit; publishing follows in the background and survives a crash.
   * @throws {AlreadyHandled} the delivery's effect was committed before
   * @throws {CommitConflict} read, decide and commit again
   * @throws {StoreUnavailable} nothing was written
   */
  commit(batch: Batch): Promise<void>;
  /** Who is told of rows that have just been committed. Without one the relay finds them. */
  onCommitted(publish: (rows: readonly OutboxRow[]) => void): void;
}

/** @param clock Unix time in milliseconds */
export function createOutbox({
  store,
  clock = Date.now,
}: {
  store: Pick<Store, "commit">;
  clock?: () => number;
}): Outbox {
  let publish: (rows: readonly OutboxRow[]) => void = () => {};

  return {
    async commit({ writes, messages = [], delivery }) {
      const rows = messages.map(
        ({ kind, message }): OutboxRow => ({
          id: message.id,
          subject: message.subject,
          kind,
          message,
          request: currentRequest() ?? { requestId: message.id },
          pending: 1,
          createdAt: clock(),
        }),
      );
      const inbox = delivery ? [delivery.inbox] : [];
      try {
        await store.commit([...inbox, ...writes, ...rows.map((row) => insert(outboxRows, row))]);
      } catch (error) {
        if (error instanceof CommitConflict && error.write === delivery?.inbox) throw new AlreadyHandled();
        throw error;
      }
      if (delivery) delivery.recorded = true;
      if (rows.length > 0) publish(rows);
    },
    onCommitted(listener) {
      publish = listener;
    },
  };
}

/** The key of the inbox row of one consumer and message. */
export function inboxId({ consumer, eventId }: { consumer: string; eventId: string }): string {
  return `${consumer}:${eventId}`;
}

/** A delivery of a message to a consumer, with the inbox row that remembers its effect. */
export function createDelivery(
  { consumer, message, tries }: { consumer: string; message: Pick<Message, "id" | "subject">; tries: number },
  nowMs: number,
): Delivery {
  const row: InboxRow = {
    id: inboxId({ consumer, eventId: message.id }),
    subject: message.subject,
    handledAt: nowMs,
  };
  return { consumer, inbox: insert(inboxRows, row), tries, recorded: false };
}
