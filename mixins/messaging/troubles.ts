import { randomUUID } from "node:crypto";
import { insert, remove, replace, type Store } from "../persistence/store.ts";
import type { Addressed, DeadLetter } from "./dead-letter.ts";
import { type Trouble, troubles } from "./notes.ts";

/** Longer than a handler may take and an answer may be awaited together. */
const ALONE_MS = 60_000;

/** Another copy of the message is being handled alone, here or elsewhere. */
class CopyIsAlone extends Error {
  readonly code = "COPY_IS_ALONE";
}

export type Troubles = ReturnType<typeof createTroubles>;

/**
 * Keeps what is known of messages that make trouble.
 * @param process tells this process from those that crashed
 * @param clock Unix time in milliseconds
 */
export function createTroubles({
  store,
  process = randomUUID(),
  clock = Date.now,
}: {
  store: Pick<Store, "get" | "commit">;
  process?: string;
  clock?: () => number;
}) {
  const find = (id: string) => store.get(troubles, id);

  /** @throws {CommitConflict} somebody else has changed it meanwhile */
  async function save(found: Trouble | undefined, next: Omit<Trouble, "at" | "version">): Promise<void> {
    const row: Trouble = { ...next, at: clock(), version: (found?.version ?? 0) + 1 };
    await store.commit([found ? replace(troubles, row, found) : insert(troubles, row)]);
  }

  return {
    find,

    /** From now on each copy of the message is handled alone. */
    async suspect({ id, delivered: { copy } }: Addressed): Promise<void> {
      const found = await find(id);
      if (!found) await save(found, { id, state: "suspected", crashes: 0, copy, by: process });
    },

    /**
     * Notes that the message is handled alone from now on; answers how often that ended in a crash, or undefined when
     * it was given up meanwhile.
     * @throws {CopyIsAlone} another copy of it is
     * @throws {CommitConflict} as {@link save}
     */
    async beginAlone({ id, delivered: { copy } }: Addressed): Promise<number | undefined> {
      const found = await find(id);
      if (found?.state === "dead") return undefined;
      // Only one at a time is alone in this process: a note of its own is one that could not be removed, no crash.
      const isLeftOver = found?.state === "alone" && found.by !== process;
      if (isLeftOver && found.copy !== copy && clock() - found.at < ALONE_MS) throw new CopyIsAlone();
      const crashes = (found?.crashes ?? 0) + (isLeftOver ? 1 : 0);
      await save(found, { id, state: "alone", crashes, copy, by: process });
      return crashes;
    },

    /** The message was answered: it does not kill. */
    async clear(id: string): Promise<void> {
      await store.commit([remove(troubles, id)]);
    },

    /** The message is a dead letter: no copy of it is handled any more. */
    async giveUp({ id, delivered: { body, copy } }: Addressed, letter: DeadLetter): Promise<void> {
      const text = new TextDecoder().decode(body);
      await save(await find(id), {
        id,
        state: "dead",
        crashes: 0,
        copy,
        by: process,
        letter,
        body: text,
      });
    },
  };
}
