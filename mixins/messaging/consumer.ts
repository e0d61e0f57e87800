import type { Msg, NatsConnection } from "nats";
import type { MessageType } from "../../contracts/define-contract.ts";
import { isFailureOfRequest } from "../domain-errors.ts";
import type { Store } from "../persistence/store.ts";
import { backOffMs } from "./back-off.ts";
import { createDeliveryHandler, type RunHandler } from "./handle-delivery.ts";
import { type JetStreamMessage, toJetStreamMessage } from "./jetstream-message.ts";

export interface ConsumerLogger {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/**
 * Answers deliveries of one message type: handles them, and acks only what is in the store. What fails is handed back
 * with back-off and jitter, and never blocks other messages.
 * @returns a function that never throws, to be called for each delivery
 */
export function createConsumer({
  connection,
  consumer,
  type,
  store,
  run,
  logger,
  ackWaitMs,
}: {
  connection: NatsConnection;
  consumer: string;
  type: MessageType;
  store: Pick<Store, "get" | "commit">;
  run: RunHandler;
  logger: ConsumerLogger;
  ackWaitMs: number;
}): (message: Msg) => Promise<void> {
  const handle = createDeliveryHandler({ consumer, type, store, run });

  return async (raw) => {
    const delivered = toJetStreamMessage(connection, raw);
    const heartbeat = setInterval(() => delivered.working(), ackWaitMs / 3);
    try {
      await handle(delivered);
      await delivered.ack();
    } catch (error) {
      handBack(delivered, raw.subject, error);
    } finally {
      clearInterval(heartbeat);
    }
  };

  function handBack(delivered: JetStreamMessage, subject: string, error: unknown): void {
    const delayMs = backOffMs(delivered.tries);
    if (!connection.isClosed()) delivered.nak(delayMs);
    const details = { consumer, subject, tries: delivered.tries, delayMs, error: String(error) };
    if (isFailureOfRequest(error)) logger.error(details, "message failed by itself, kept and tried again");
    else logger.warn(details, "message not handled, tried again");
  }
}
