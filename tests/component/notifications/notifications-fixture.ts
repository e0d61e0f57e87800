import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { createMessage, type OutgoingMessage } from "../../../mixins/messaging/message.ts";
import { createOutbox, type Outbox } from "../../../mixins/messaging/outbox.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { brokerOptions } from "../../../moleculer.config.ts";
import type { Template } from "../../../services/notifications/domain/templates.ts";
import {
  createNotificationsService,
  notificationsCollections,
} from "../../../services/notifications/notifications.service.ts";
import { createMailer } from "../../../services/notifications/providers/mailer.ts";
import { createNotificationRepository } from "../../../services/notifications/repositories/notification-repository.ts";
import { type Order, orders } from "../../../services/orders/contract.ts";
import { readSettings, required, type Settings } from "../../../settings.ts";
import { anOrder } from "../../support/orders-mother.ts";

export function settingsFor({ natsUrl, smtpUrl }: { natsUrl: string; smtpUrl: string }): Settings {
  return readSettings({
    NATS_URL: natsUrl,
    SMTP_URL: smtpUrl,
    DATA_DIR: mkdtempSync(join(tmpdir(), "orders-notifications-")),
    LOG_LEVEL: "fatal",
    NODE_ENV: "test",
  });
}

export type NotificationsNode = Awaited<ReturnType<typeof startNotifications>>;

/**
 * A node with the real service, store and mailer.
 * @param around puts something between the repository and the store's commits
 */
export async function startNotifications(
  settings: Settings,
  { nodeId = "notifications-1", clock = Date.now, around = (outbox: Outbox) => outbox } = {},
) {
  const store = createSqliteStore({
    file: join(settings.DATA_DIR, "notifications.sqlite"),
    collections: notificationsCollections,
  });
  const outbox = createOutbox({ store, clock });
  const repository = createNotificationRepository({ store, outbox: around(outbox) });
  const broker = new ServiceBroker(brokerOptions(settings, nodeId));
  broker.createService(
    createNotificationsService({
      store,
      outbox,
      natsUrl: required(settings, "NATS_URL"),
      repository,
      mailer: createMailer({ url: required(settings, "SMTP_URL"), from: "orders@example.com" }),
      clock,
    }),
  );
  await broker.start();
  return { repository, stop: () => broker.stop() };
}

/** The event that tells of an order's new state. */
export function orderEvent(template: Template, order: Order = anOrder(), reason?: string): OutgoingMessage {
  return createMessage(orders.events[template], {
    subject: order.id,
    version: order.version,
    data: { order: { ...order, status: template }, ...(reason ? { reason } : {}) },
    nowMs: Date.now(),
  });
}
