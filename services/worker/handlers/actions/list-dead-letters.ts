import type { Handler } from "../../../../mixins/calls.ts";
import type { worker } from "../../contract.ts";
import type { DeadLetters } from "../../repositories/dead-letters.ts";
import { showDeadLetter } from "../show-dead-letter.ts";

/** The dead letters of all services, the newest first, without their bodies. */
export function listDeadLetters({
  letters,
}: {
  letters: Pick<DeadLetters, "list">;
}): Handler<typeof worker.calls.listDeadLetters> {
  return async (page) => {
    const { items, nextCursor } = await letters.list(page);
    return { items: items.map(showDeadLetter), nextCursor };
  };
}
