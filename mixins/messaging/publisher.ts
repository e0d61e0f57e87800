import { headers } from "nats";
import { adjust, CommitConflict, type Store } from "../persistence/store.ts";
import { encodeRequest } from "./headers.ts";
import { type OutboxRow, outboxRows } from "./outbox.ts";
import type { PublishToStream } from "./stream-publisher.ts";
import { subjectOf } from "./streams.ts";

export interface Publisher {
  /** Publishes rows that were committed just now. Never throws: what fails stays pending for the relay. */
  publish(rows: readonly OutboxRow[]): Promise<void>;
  /**
   * Publishes rows that may have been published before, with a fresh `Nats-Msg-Id`: the stream's dedupe window would
   * swallow a known one, even where the message itself was purged. Consumers dedupe by event id.
   * @returns how many the stream has taken
   */
  publishAgain(rows: readonly OutboxRow[]): Promise<number>;
}

interface Logger {
  warn(details: object, message: string): void;
}

/** Carries outbox rows into JetStream; a row counts as sent only on the publish acknowledgement. */
export function createPublisher({
  jetStream,
  store,
  logger,
  clock = Date.now,
}: {
  jetStream: { readonly publish: PublishToStream };
  store: Pick<Store, "commit">;
  logger: Logger;
  clock?: () => number;
}): Publisher {
  /** Answers whether the stream has the message. */
  async function send(row: OutboxRow, messageId: string): Promise<boolean> {
    try {
      await jetStream.publish(
        subjectOf(row.kind, row.message.type, row.subject),
        JSON.stringify(row.message),
        { msgID: messageId, headers: encodeRequest(headers(), row.request) },
      );
      await markSent(row);
      return true;
    } catch (error) {
      logger.warn(
        { error: String(error), eventId: row.id, type: row.message.type },
        "message not published, the relay will try again",
      );
      return false;
    }
  }

  async function markSent(row: OutboxRow): Promise<void> {
    if (row.pending === 0) return;
    try {
      await store.commit([adjust(outboxRows, row.id, { pending: -1 })]);
    } catch (error) {
      // Somebody else published it meanwhile and said so first.
      if (!(error instanceof CommitConflict)) throw error;
    }
  }

  return {
    async publish(rows) {
      await Promise.all(rows.map((row) => send(row, row.id)));
    },
    async publishAgain(rows) {
      const stamp = clock().toString(36);
      const sent = await Promise.all(rows.map((row) => send(row, `${row.id}:${stamp}`)));
      return sent.filter(Boolean).length;
    },
  };
}
