import { isFailureOfRequest } from "../domain-errors.ts";
import { DomainError } from "../errors.ts";
import type { Answers } from "./answers.ts";
import { type Addressed, deadLetter } from "./dead-letter.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { FailedTries } from "./failed-tries.ts";
import type { Gate } from "./gate.ts";
import type { DeliveryHandler } from "./handle-delivery.ts";
import type { Troubles } from "./troubles.ts";

/** Crashes of its process while a message was handled alone, until it is given up. */
const CRASHES_ALONE = 2;

/** The message ended its process each time that it was handled alone. */
export class KilledItsProcess extends DomainError {
  readonly code = "KILLED_ITS_PROCESS";
}

export interface SettleDependencies {
  readonly gate: Gate;
  readonly answers: Answers;
  readonly troubles: Troubles;
  readonly failedTries: FailedTries;
  readonly deadLetters: Pick<DeadLetters, "bury">;
  readonly handle: DeliveryHandler;
  readonly logger: { error(details: object, message: string): void };
  /** Unix time in milliseconds. */
  readonly clock?: () => number;
}

/**
 * Decides what becomes of one delivery: handled, or given up as a dead letter. When it resolves, the delivery can be
 * acked; when it throws, the message must come again.
 */
export function createSettle({
  gate,
  answers,
  troubles,
  failedTries,
  deadLetters,
  handle,
  logger,
  clock = Date.now,
}: SettleDependencies): (message: Addressed) => Promise<void> {
  return async (message) => {
    const trouble = await troubles.find(message.id);
    // A copy of what was given up: an operator decides about the letter.
    if (trouble?.state === "dead") return;
    if (trouble || (await answers.areMissing(message))) {
      // Before its turn: its copies must not run beside others meanwhile.
      await troubles.suspect(message);
      await gate.alone(() => tryAlone(message));
    } else {
      await gate.together(() => tryIt(message));
    }
    failedTries.forget(message.id);
  };

  async function tryIt(message: Addressed): Promise<void> {
    const before = failedTries.finalFailure(message.id);
    if (before) return giveUp(message, before.error);
    try {
      await handle(message.delivered);
    } catch (error) {
      if (!isFailureOfRequest(error)) throw error;
      failedTries.add(message.id, error);
      if (!failedTries.finalFailure(message.id)) throw error;
      await giveUp(message, error);
    }
  }

  /** Notes that the message is alone before it is handled: a note that is left over tells of a crash. */
  async function tryAlone(message: Addressed): Promise<void> {
    const crashes = await troubles.beginAlone(message);
    if (crashes === undefined) return;
    if (crashes >= CRASHES_ALONE)
      return giveUp(
        message,
        new KilledItsProcess(`The message killed its process, ${crashes} times while it was alone`),
      );
    try {
      await tryIt(message);
    } finally {
      const isDead = (await troubles.find(message.id))?.state === "dead";
      if (!isDead) await troubles.clear(message.id);
    }
  }

  /** The dead letter first: only when the stream has it may the original go. */
  async function giveUp(message: Addressed, reason: unknown): Promise<void> {
    const letter = deadLetter(message, { reason, nowMs: clock() });
    await deadLetters.bury(letter, message.delivered.body);
    await troubles.giveUp(message, letter);
    logger.error({ ...letter.details }, "message given up, it is a dead letter");
  }
}
