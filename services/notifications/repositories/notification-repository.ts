import type { Delivery, Outbox } from "../../../mixins/messaging/outbox.ts";
import { collection, insert, replace, type Store } from "../../../mixins/persistence/store.ts";
import type { Notification } from "../domain/notification.ts";

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
  return {
    /** @throws {StoreUnavailable} */
    find(key: string): Promise<Notification | undefined> {
      return store.get(notificationRows, key);
    },

    /**
     * Stores a row that the domain has just changed.
     * @param delivery the message that the change settles
     * @throws {CommitConflict} the row is no longer the one that was read
     * @throws {AlreadyHandled} the delivery was settled before
     * @throws {StoreUnavailable} nothing was written
     */
    save(row: Notification, delivery?: Delivery): Promise<void> {
      const write =
        row.version === 1
          ? insert(notificationRows, row)
          : replace(notificationRows, row, { version: row.version - 1 });
      return outbox.commit({ writes: [write], delivery });
    },
  };
}
