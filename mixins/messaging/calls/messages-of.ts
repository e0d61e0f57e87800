import type { Store } from "../../persistence/store.ts";
import type { OutboxEntry } from "../contract.ts";
import { type OutboxRow, outboxRows } from "../outbox.ts";

/** Answers which messages of these orders the outbox holds. */
export function messagesOf({ store }: { store: Pick<Store, "find"> }) {
  return async ({ orderIds }: { orderIds: readonly string[] }): Promise<{ messages: OutboxEntry[] }> => {
    const rows = await outboxRowsOf(store, orderIds);
    return {
      messages: rows.map(({ id, subject, message }) => ({
        eventId: id,
        type: message.type,
        orderId: subject,
      })),
    };
  };
}

/** The outbox rows of some orders, a read for each order. */
export async function outboxRowsOf(
  store: Pick<Store, "find">,
  orderIds: readonly string[],
): Promise<OutboxRow[]> {
  const found = await Promise.all(
    [...new Set(orderIds)].map((subject) => store.find(outboxRows, { where: { subject } })),
  );
  return found.flat();
}
