import type { Msg, NatsConnection } from "nats";
import { isFailureOfRequest } from "../domain-errors.ts";
import type { Answers } from "./answers.ts";
import { backOffMs } from "./back-off.ts";
import { type Addressed, address } from "./dead-letter.ts";
import type { FailedTries } from "./failed-tries.ts";
import { toJetStreamMessage } from "./jetstream-message.ts";

export interface ConsumerLogger {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/**
 * Answers deliveries of one durable consumer: acks only what is in the store, and hands the rest back with back-off and
 * jitter, so that it never blocks other messages.
 * @param settle resolves once the delivery can be acked
 * @returns a function that never throws, to be called for each delivery
 */
export function createConsumer({
  connection,
  consumer,
  settle,
  answers,
  failedTries,
  logger,
  ackWaitMs,
}: {
  connection: NatsConnection;
  consumer: string;
  settle: (message: Addressed) => Promise<void>;
  answers: Pick<Answers, "note" | "forget">;
  failedTries: Pick<FailedTries, "countOf">;
  logger: ConsumerLogger;
  ackWaitMs: number;
}): (message: Msg) => Promise<void> {
  return async (raw) => {
    const delivered = toJetStreamMessage(connection, raw);
    const message = address(consumer, delivered);
    const heartbeat = setInterval(() => delivered.working(), ackWaitMs / 3);
    try {
      await settle(message);
      await delivered.ack();
      await bestEffort(answers.forget(message));
    } catch (error) {
      await bestEffort(answers.note(message));
      handBack(message, error);
    } finally {
      clearInterval(heartbeat);
    }
  };

  function handBack({ id, delivered }: Addressed, error: unknown): void {
    const isItsOwn = isFailureOfRequest(error);
    const delayMs = backOffMs(isItsOwn ? failedTries.countOf(id) : delivered.tries);
    if (!connection.isClosed()) delivered.nak(delayMs);
    const { subject, tries } = delivered;
    const details = { consumer, subject, tries, delayMs, error: String(error) };
    if (isItsOwn) logger.error(details, "message failed by itself, tried again before it is given up");
    else logger.warn(details, "message not handled, tried again");
  }

  /** A note that is missing costs the message no more than a turn alone. */
  async function bestEffort(note: Promise<void>): Promise<void> {
    await note.catch((error) => logger.warn({ consumer, error: String(error) }, "answer not noted"));
  }
}
