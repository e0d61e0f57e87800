import type { Msg, NatsConnection } from "nats";
import type { MessageType } from "../../contracts/define-contract.ts";
import { isFailureOfRequest } from "../domain-errors.ts";
import type { RequestContext } from "../observability/request-context.ts";
import { CommitConflict, type Store } from "../persistence/store.ts";
import { backOffMs } from "./back-off.ts";
import { decodeRequest } from "./headers.ts";
import { type JetStreamMessage, toJetStreamMessage } from "./jetstream-message.ts";
import { type Message, parseMessage } from "./message.ts";
import { AlreadyHandled, createDelivery, type Delivery, inboxRows } from "./outbox.ts";

export interface ConsumerLogger {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Runs the service's handler as a broker call; throws what the handler throws. */
export type RunHandler = (message: Message, delivery: Delivery, request: RequestContext) => Promise<void>;

/**
 * Answers deliveries of one message type: validates, dedupes by the inbox, runs the handler, and acks only what is in
 * the store. What fails is handed back with back-off and jitter, and never blocks other messages.
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
  clock = Date.now,
}: {
  connection: NatsConnection;
  consumer: string;
  type: MessageType;
  store: Pick<Store, "get" | "commit">;
  run: RunHandler;
  logger: ConsumerLogger;
  ackWaitMs: number;
  clock?: () => number;
}): (message: Msg) => Promise<void> {
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

  async function handle(delivered: JetStreamMessage): Promise<void> {
    const message = parseMessage(type, delivered.body);
    const delivery = createDelivery({ consumer, message, tries: delivered.tries }, clock());
    if (await isHandled(delivery)) return;
    try {
      await run(message, delivery, { requestId: message.id, ...decodeRequest(delivered.header) });
      await recordHandled(delivery);
    } catch (error) {
      if (!(error instanceof AlreadyHandled)) throw error;
    }
  }

  async function isHandled(delivery: Delivery): Promise<boolean> {
    return (await store.get(inboxRows, delivery.inboxId)) !== undefined;
  }

  /** A handler that had nothing to do wrote nothing: the inbox says so all the same. */
  async function recordHandled(delivery: Delivery): Promise<void> {
    if (delivery.recorded) return;
    await store.commit([delivery.inbox]).catch((error) => {
      if (!(error instanceof CommitConflict)) throw error;
    });
  }

  function handBack(delivered: JetStreamMessage, subject: string, error: unknown): void {
    const delayMs = backOffMs(delivered.tries);
    if (!connection.isClosed()) delivered.nak(delayMs);
    const details = { consumer, subject, tries: delivered.tries, delayMs, error: String(error) };
    if (isFailureOfRequest(error)) logger.error(details, "message failed by itself, kept and tried again");
    else logger.warn(details, "message not handled, tried again");
  }
}
