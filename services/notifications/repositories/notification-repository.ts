import { setTimeout as sleep } from "node:timers/promises";
import type { Delivery, Outbox } from "../../../mixins/messaging/outbox.ts";
import {
  collection,
  insert,
  replace,
  type Store,
  StoreUnavailable,
} from "../../../mixins/persistence/store.ts";
import type { Notification } from "../domain/notification.ts";

const SAVE_AGAIN_MS = 250;

export const notificationRows = collection<Notification>({
  name: "notifications",
  key: "key",
  fields: { orderId: "text", createdAt: "number" },
  indexes: [["orderId", "createdAt"]],
});

export type NotificationRepository = ReturnType<typeof createNotificationRepository>;

/** The rows of all mails, one per order, template and channel. */
export function createNotificationRepository({
  store,
  outbox,
}: {
  store: Pick<Store, "get">;
  outbox: Pick<Outbox, "commit">;
}) {
  function save(row: Notification, delivery?: Delivery): Promise<void> {
    const write =
      row.version === 1
        ? insert(notificationRows, row)
        : replace(notificationRows, row, { version: row.version - 1 });
    return outbox.commit({ writes: [write], delivery });
  }

  return {
    /** @throws {StoreUnavailable} */
    find(key: string): Promise<Notification | undefined> {
      return store.get(notificationRows, key);
    },

    /**
     * Stores a row that the domain has just changed.
     * @throws {CommitConflict} the row is no longer the one that was read
     * @throws {StoreUnavailable} nothing was written
     */
    save: (row: Notification) => save(row),

    /**
     * Stores what became of a mail, and that its message is settled. The mail is out, and a new delivery would send
     * it again: so while the store is away this is tried until it works.
     * @throws {CommitConflict} another delivery has claimed the row meanwhile
     * @throws {AlreadyHandled} the message was settled before
     */
    async saveOutcome(row: Notification, delivery: Delivery): Promise<void> {
      for (;;) {
        try {
          return await save(row, delivery);
        } catch (error) {
          if (!(error instanceof StoreUnavailable)) throw error;
          await sleep(SAVE_AGAIN_MS);
        }
      }
    },
  };
}
