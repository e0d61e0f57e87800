import type { MessageType } from "../../contracts/define-contract.ts";
import type { RequestContext } from "../observability/request-context.ts";
import { CommitConflict, type Store } from "../persistence/store.ts";
import { readEventId } from "./dead-letter.ts";
import { decodeRequest } from "./headers.ts";
import { type Message, parseMessage } from "./message.ts";
import { AlreadyHandled, createDelivery, type Delivery, inboxId, inboxRows } from "./outbox.ts";

/** Runs the service's handler as a broker call; throws what the handler throws. */
export type RunHandler = (message: Message, delivery: Delivery, request: RequestContext) => Promise<void>;

/** One delivery of a message, whatever carries it. */
export interface Delivered {
  readonly body: Uint8Array;
  header(name: string): string | undefined;
  /** How often the message was delivered, this time included. */
  readonly tries: number;
}

/** Handles one delivery; when it resolves, the effect is in the store. */
export type DeliveryHandler = (delivered: Delivered) => Promise<void>;

/**
 * What a delivery means to a service, without its transport: dedupes by the inbox, validates, runs the handler. The inbox
 * comes first: what was handled or discarded stays so, also where this version cannot read the message. When it
 * resolves, the effect is in the store and the delivery can be acked; when it throws, the message must come again.
 * @param consumer the durable consumer's name
 */
export function createDeliveryHandler({
  consumer,
  type,
  store,
  run,
  clock = Date.now,
}: {
  consumer: string;
  type: MessageType;
  store: Pick<Store, "get" | "commit">;
  run: RunHandler;
  clock?: () => number;
}): DeliveryHandler {
  return async (delivered) => {
    if (await isHandled(readEventId(delivered.body))) return;
    const message = parseMessage(type, delivered.body);
    const delivery = createDelivery({ consumer, message, tries: delivered.tries }, clock());
    try {
      await run(message, delivery, {
        requestId: message.id,
        ...decodeRequest((name) => delivered.header(name)),
      });
      await recordHandled(delivery);
    } catch (error) {
      if (!(error instanceof AlreadyHandled)) throw error;
    }
  };

  async function isHandled(eventId: string | undefined): Promise<boolean> {
    if (eventId === undefined) return false;
    return (await store.get(inboxRows, inboxId({ consumer, eventId }))) !== undefined;
  }

  /** A handler that had nothing to do wrote nothing: the inbox says so all the same. */
  async function recordHandled(delivery: Delivery): Promise<void> {
    if (delivery.recorded) return;
    await store.commit([delivery.inbox]).catch((error) => {
      if (!(error instanceof CommitConflict)) throw error;
    });
  }
}
