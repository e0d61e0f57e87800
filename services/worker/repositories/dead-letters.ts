import { BadCursor, type Page } from "../../../mixins/persistence/page.ts";
import { type DeadLetter, DeadLetterNotFound, readLetterId } from "../domain/dead-letter.ts";
import type { DeadLetterStream } from "../providers/dead-letter-stream.ts";

export interface DeadLetters {
  /**
   * One page, the newest first; what comes or goes between two pages neither moves nor doubles a letter.
   * @throws {BadCursor}
   */
  list(page: { limit: number; cursor?: string | undefined }): Promise<Page<DeadLetter>>;
  /** @throws {DeadLetterNotFound} */
  get(id: string): Promise<DeadLetter>;
  /** Removes this letter; one that came later under the same id stays. */
  remove(letter: DeadLetter): Promise<void>;
}

/** The dead letters of all services; the stream is their store. */
export function createDeadLetters({ stream }: { stream: DeadLetterStream }): DeadLetters {
  return {
    async list({ limit, cursor }) {
      const before = readCursor(cursor);
      const places = (await stream.places()).filter((place) => place < before);
      const shown = places.slice(0, limit);
      const letters = await Promise.all(shown.map((place) => stream.at(place)));
      const last = shown.at(-1);
      return {
        items: letters.filter((letter) => letter !== undefined),
        nextCursor: places.length > limit && last !== undefined ? String(last) : null,
      };
    },

    async get(id) {
      const letter = await stream.find(readLetterId(id));
      if (!letter) throw new DeadLetterNotFound(id);
      return letter;
    },

    remove: ({ place }) => stream.remove(place),
  };
}

function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return Number.POSITIVE_INFINITY;
  if (!/^\d{1,15}$/.test(cursor)) throw new BadCursor();
  return Number(cursor);
}
