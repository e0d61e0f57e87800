import type { StoredMsg } from "nats";
import { DEAD_LETTERS, letterSubject, readLetterDetails } from "../../../mixins/messaging/dead-letter.ts";
import { decodeRequest, requestHeaders } from "../../../mixins/messaging/headers.ts";
import { unlessMissing } from "../../../mixins/messaging/streams.ts";
import type { DeadLetter } from "../domain/dead-letter.ts";
import type { JetStreamAccess } from "./jetstream-access.ts";

/** Every method throws `DependencyUnavailable` when JetStream does not answer. */
export interface DeadLetterStream {
  /** The places of all dead letters, the newest first. */
  places(): Promise<number[]>;
  /** The dead letter at a place, unless it is gone. */
  at(place: number): Promise<DeadLetter | undefined>;
  /** The dead letter of a consumer and message. */
  find(of: { consumer: string; eventId: string }): Promise<DeadLetter | undefined>;
  /** Removes one, if it is there still. */
  remove(place: number): Promise<void>;
}

/** The stream into which all services put what they give up. */
export function createDeadLetterStream({
  jetStream: { ask },
}: {
  jetStream: Pick<JetStreamAccess, "ask">;
}): DeadLetterStream {
  return {
    places: () =>
      ask(async ({ streams }) => {
        const info = await streams.info(DEAD_LETTERS, { deleted_details: true }).catch(unlessMissing);
        if (!info || info.state.messages === 0) return [];
        const { first_seq: first, last_seq: last, deleted } = info.state;
        const removed = new Set(deleted);
        return Array.from({ length: last - first + 1 }, (_, index) => last - index).filter(
          (place) => !removed.has(place),
        );
      }),

    at: (place) =>
      ask(async ({ streams }) =>
        toLetter(await streams.getMessage(DEAD_LETTERS, { seq: place }).catch(unlessMissing)),
      ),

    find: (of) =>
      ask(async ({ streams }) => {
        const query = { last_by_subj: letterSubject(of) };
        return toLetter(await streams.getMessage(DEAD_LETTERS, query).catch(unlessMissing));
      }),

    remove: (place) =>
      ask(async ({ streams }) => {
        await streams.deleteMessage(DEAD_LETTERS, place).catch(unlessMissing);
      }),
  };
}

/** Undefined for what is no dead letter: whoever may publish can put anything into the stream. */
function toLetter(stored: StoredMsg | undefined): DeadLetter | undefined {
  if (!stored) return undefined;
  const header = (name: string) => stored.header?.get(name) || undefined;
  try {
    return {
      ...readLetterDetails(header),
      place: stored.seq,
      request: decodeRequest(header),
      headers: requestHeaders(header),
      body: new TextDecoder().decode(stored.data),
    };
  } catch {
    return undefined;
  }
}
