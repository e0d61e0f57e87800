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
  /** Resolves once the stream has the message. */
  async function send(row: OutboxRow, messageId: string): Promise<void> {
    await jetStream.publish(subjectOf(row.kind, row.message.type, row.subject), JSON.stringify(row.message), {
      msgID: messageId,
      headers: encodeRequest(headers(), row.request),
    });
    await markSent(row);
  }

  /** Answers how many the stream has taken; one line in the log tells of those that it has not. */
  async function sendAll(
    rows: readonly OutboxRow[],
    messageIdOf: (row: OutboxRow) => string,
  ): Promise<number> {
    const sent = await Promise.allSettled(rows.map((row) => send(row, messageIdOf(row))));
    const failed = sent.flatMap((result, index) =>
      result.status === "rejected" ? [{ row: rows[index], error: String(result.reason) }] : [],
    );
    const [first] = failed;
    if (first)
      logger.warn(
        {
          messages: failed.length,
          eventId: first.row?.id,
          type: first.row?.message.type,
          error: first.error,
        },
        "messages not published, the relay will try again",
      );
    return rows.length - failed.length;
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
      await sendAll(rows, ({ id }) => id);
    },
    async publishAgain(rows) {
      const stamp = clock().toString(36);
      return await sendAll(rows, ({ id }) => `${id}:${stamp}`);
    },
  };
}
