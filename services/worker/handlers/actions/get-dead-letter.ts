import type { Handler } from "../../../../mixins/calls.ts";
import type { worker } from "../../contract.ts";
import type { DeadLetters } from "../../repositories/dead-letters.ts";
import { showBody, showDeadLetter } from "../show-dead-letter.ts";

/** One dead letter with its body. */
export function getDeadLetter({
  letters,
}: {
  letters: Pick<DeadLetters, "get">;
}): Handler<typeof worker.calls.getDeadLetter> {
  return async ({ id }) => {
    const letter = await letters.get(id);
    return { ...showDeadLetter(letter), ...showBody(letter) };
  };
}
