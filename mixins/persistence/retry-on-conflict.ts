import { CommitConflict, StoreUnavailable } from "./store.ts";

const JITTER_MS = 10;

/**
 * Reads, decides and commits again when somebody else was faster.
 * @param attempt the whole of it: it must read anew each time
 * @throws {StoreUnavailable} it lost every try
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>, { tries = 10 } = {}): Promise<T> {
  for (let left = tries - 1; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof CommitConflict)) throw error;
      if (left === 0)
        throw new StoreUnavailable(`The batch conflicted ${tries} times: ${error.message}`, { cause: error });
    }
    await pause(Math.random() * JITTER_MS);
  }
}

/** The global timer, not Node's promised one: whoever replaces time replaces it here too. */
function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
