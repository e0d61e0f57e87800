import { callService, type Handler, isFailure } from "../../../../mixins/calls.ts";
import { messagingContract } from "../../../../mixins/messaging/contract.ts";
import type { worker } from "../../contract.ts";
import { readSubject, serviceOf } from "../../domain/dead-letter.ts";
import type { DeadLetters } from "../../repositories/dead-letters.ts";
import { showDeadLetter } from "../show-dead-letter.ts";

/** Has the consumer note that its message is never to be handled, then removes the letter: nothing revives it. */
export function discardDeadLetter({
  letters,
}: {
  letters: Pick<DeadLetters, "get" | "remove">;
}): Handler<typeof worker.calls.discardDeadLetter> {
  return async ({ id }, ctx) => {
    const letter = await letters.get(id);
    const { consumer, eventId } = letter;
    const { orderId } = readSubject(letter);
    const { discardMessage } = messagingContract(serviceOf(letter)).calls;
    try {
      await callService(ctx, discardMessage, { consumer, eventId, orderId });
    } catch (error) {
      // A consumer that is no more handles nothing.
      if (!isFailure(error, "UNKNOWN_CONSUMER")) throw error;
    }
    await letters.remove(letter);
    ctx.service?.logger.info({ id, by: ctx.meta.user?.id }, "dead letter discarded");
    return showDeadLetter(letter);
  };
}
