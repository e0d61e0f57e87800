import { Errors } from "moleculer";
import { callService, type Handler } from "../../../../mixins/calls.ts";
import { isFailureOfRequest } from "../../../../mixins/domain-errors.ts";
import { messagingContract } from "../../../../mixins/messaging/contract.ts";
import type { worker } from "../../contract.ts";
import { ReplayFailed, serviceOf } from "../../domain/dead-letter.ts";
import type { DeadLetters } from "../../repositories/dead-letters.ts";
import { showDeadLetter } from "../show-dead-letter.ts";

/**
 * Has the one consumer that failed handle its message once more, and removes the letter when that went well. On the way
 * to a crash it is safe to repeat: what was handled has no second effect.
 */
export function replayDeadLetter({
  letters,
}: {
  letters: Pick<DeadLetters, "get" | "remove">;
}): Handler<typeof worker.calls.replayDeadLetter> {
  return async ({ id }, ctx) => {
    const letter = await letters.get(id);
    const { consumer, body, headers } = letter;
    const { replayMessage } = messagingContract(serviceOf(letter)).calls;
    try {
      await callService(ctx, replayMessage, { consumer, body, headers });
    } catch (error) {
      if (error instanceof Errors.MoleculerError && error.retryable) throw error;
      throw new ReplayFailed(id, tell(error));
    }
    await letters.remove(letter);
    ctx.service?.logger.info({ id, by: ctx.meta.user?.id }, "dead letter replayed");
    return showDeadLetter(letter);
  };
}

/** Only failures of the domain are made for the eyes of others. */
function tell(error: unknown): { code: string; message: string } {
  if (isFailureOfRequest(error) && error instanceof Errors.MoleculerError)
    return { code: error.type ?? "UNKNOWN", message: error.message };
  return { code: "INTERNAL_ERROR", message: "Something that nobody expected; the log tells more" };
}
