import type { Store } from "../persistence/store.ts";
import { letterSubject } from "./dead-letter.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { type Trouble, troubles } from "./notes.ts";

export interface LetterKeeper {
  /** Publishes the letters that the stream has lost; answers how many. */
  run(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Wiping the streams loses nothing, not even dead letters: what this service has given up stands in its store, and goes
 * into the stream again when it is not there.
 */
export function keepLetters({
  store,
  deadLetters,
  onError,
  everyMs = 10_000,
}: {
  store: Pick<Store, "find" | "count">;
  deadLetters: DeadLetters;
  onError: (error: unknown) => void;
  everyMs?: number;
}): LetterKeeper {
  const where = { state: "dead" };
  let running: Promise<number> | undefined;
  const timer = setInterval(() => void run().catch(onError), everyMs);

  function run(): Promise<number> {
    running ??= keep().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function keep(): Promise<number> {
    if ((await store.count(troubles, { where })) === 0) return 0;
    // The stream before the notes: a letter that is settled in between loses its note before it leaves the stream.
    const there = await deadLetters.subjects();
    const dead = await store.find(troubles, { where });
    const lost = dead.filter(({ letter }) => letter && !there.has(letterSubject(letter.details)));
    for (const { letter, body } of lost as Required<Trouble>[])
      await deadLetters.bury(letter, body, { lost: true });
    return lost.length;
  }

  return {
    run,
    async stop() {
      clearInterval(timer);
      await running?.catch(onError);
    },
  };
}
