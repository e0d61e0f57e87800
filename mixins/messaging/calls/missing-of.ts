import type { Store } from "../../persistence/store.ts";
import type { MissingEntry, OutboxEntry } from "../contract.ts";
import { troubles } from "../notes.ts";
import { inboxRows } from "../outbox.ts";

/** A durable consumer of this service, by what it handles. */
export interface KnownConsumer {
  /** `<service>--<message type>` */
  readonly consumer: string;
  readonly type: string;
}

/** Answers which messages a consumer of this service has not handled: a read for each order, not for each message. */
export function missingOf({
  store,
  consumers,
}: {
  store: Pick<Store, "get" | "find">;
  consumers: readonly KnownConsumer[];
}) {
  return async ({ messages }: { messages: readonly OutboxEntry[] }): Promise<{ missing: MissingEntry[] }> => {
    const wanted = messages.flatMap((message) =>
      consumers
        .filter(({ type }) => type === message.type)
        .map(({ consumer }) => ({ ...message, consumer, id: `${consumer}:${message.eventId}` })),
    );
    const handled = await handledOf(new Set(wanted.map(({ orderId }) => orderId)));
    const missing = wanted.filter(({ id }) => !handled.has(id));
    return {
      missing: await Promise.all(
        missing.map(async ({ id, ...entry }) => ({ ...entry, isDead: await isDead(id) })),
      ),
    };
  };

  async function isDead(id: string): Promise<boolean> {
    return (await store.get(troubles, id))?.state === "dead";
  }

  async function handledOf(orderIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const rows = await Promise.all(
      [...orderIds].map((subject) => store.find(inboxRows, { where: { subject } })),
    );
    return new Set(rows.flat().map(({ id }) => id));
  }
}
