import { insert, remove, type Store } from "../persistence/store.ts";
import type { Addressed } from "./dead-letter.ts";
import { answers } from "./notes.ts";

/** More deliveries than this without any answer are suspicious. */
const UNANSWERED = 3;

export type Answers = ReturnType<typeof createAnswers>;

/**
 * Tells a message that is handed back again and again from one that ends its process before any answer. Both are
 * delivered often; the stream knows no difference. Kept in the service's store, for all its nodes and across restarts;
 * the first deliveries of a message cost nothing.
 * @param clock Unix time in milliseconds
 */
export function createAnswers({
  store,
  clock = Date.now,
}: {
  store: Pick<Store, "get" | "commit">;
  clock?: () => number;
}) {
  const keyOf = ({ id, delivered: { copy } }: Addressed) => `${id}:${copy}`;

  return {
    /** Whether more deliveries than {@link UNANSWERED} in a row were not answered. */
    async areMissing(message: Addressed): Promise<boolean> {
      const { tries } = message.delivered;
      if (tries <= UNANSWERED) return false;
      const answered = await store.get(answers, keyOf(message));
      return tries - (answered?.tries ?? 0) > UNANSWERED;
    },

    /** Before a message is handed back. */
    async note(message: Addressed): Promise<void> {
      const { tries } = message.delivered;
      if (tries < UNANSWERED) return;
      const id = keyOf(message);
      await store.commit([remove(answers, id), insert(answers, { id, tries, at: clock() })]);
    },

    /** The message does not come again. */
    async forget(message: Addressed): Promise<void> {
      if (message.delivered.tries > UNANSWERED) await store.commit([remove(answers, keyOf(message))]);
    },
  };
}
