import { randomUUID } from "node:crypto";
import type { NatsConnection } from "nats";
import { DEAD_LETTERS, type DeadLetter, letterHeaders, letterSubject } from "./dead-letter.ts";
import type { PublishToStream } from "./stream-publisher.ts";
import { unlessMissing } from "./streams.ts";

export interface DeadLetters {
  /**
   * Puts a message that was given up into the stream of dead letters; resolves once the stream has it.
   * @param lost the stream had it and has lost it: it would swallow a `Nats-Msg-Id` that it has seen
   * @throws {NatsError} the stream is full or away: the original must be kept
   */
  bury(letter: DeadLetter, body: string | Uint8Array, options?: { lost?: boolean }): Promise<void>;
  /** The subjects of all dead letters in the stream. @throws {NatsError} it is away */
  subjects(): Promise<ReadonlySet<string>>;
}

const LOOK_TIMEOUT_MS = 2_000;

export function createDeadLetters({
  connection,
  publish,
}: {
  connection: Pick<NatsConnection, "jetstreamManager">;
  publish: PublishToStream;
}): DeadLetters {
  return {
    async bury(letter, body, { lost = false } = {}) {
      const { consumer, eventId } = letter.details;
      const again = lost ? `:${randomUUID()}` : "";
      await publish(letterSubject(letter.details), body, {
        headers: letterHeaders(letter),
        // Stable for one stored message, so that the stream takes it once.
        msgID: `${consumer}:${eventId}:${letter.copy}${again}`,
      });
    },

    async subjects() {
      const manager = await connection.jetstreamManager({ checkAPI: false, timeout: LOOK_TIMEOUT_MS });
      // Where there is none, the next letter makes the stream anew.
      const found = await manager.streams.info(DEAD_LETTERS, { subjects_filter: ">" }).catch(unlessMissing);
      return new Set(Object.keys(found?.state.subjects ?? {}));
    },
  };
}
