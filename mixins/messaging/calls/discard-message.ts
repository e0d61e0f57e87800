import { CommitConflict, type Store } from "../../persistence/store.ts";
import { createDelivery } from "../outbox.ts";
import type { Troubles } from "../troubles.ts";
import type { KnownConsumer } from "./missing-of.ts";
import { UnknownConsumer } from "./replay-message.ts";

/** Writes one consumer's inbox row for a message that nobody is to handle: no copy of it has an effect from now on. */
export function discardMessage({
  store,
  consumers,
  troubles,
  clock = Date.now,
}: {
  store: Pick<Store, "commit">;
  consumers: readonly KnownConsumer[];
  troubles: Pick<Troubles, "clear">;
  clock?: () => number;
}) {
  return async ({
    consumer,
    eventId,
    orderId,
  }: {
    consumer: string;
    eventId: string;
    orderId: string;
  }): Promise<Record<string, never>> => {
    if (!consumers.some((known) => known.consumer === consumer)) throw new UnknownConsumer(consumer);
    const message = { id: eventId, subject: orderId };
    const { inbox } = createDelivery({ consumer, message, tries: 1 }, clock());
    await store.commit([inbox]).catch((error) => {
      // It was handled or discarded before.
      if (!(error instanceof CommitConflict)) throw error;
    });
    await troubles.clear(`${consumer}:${eventId}`);
    return {};
  };
}
