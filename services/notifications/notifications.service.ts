import { join } from "node:path";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { domainErrors } from "../../mixins/domain-errors.ts";
import { durableMessages, on } from "../../mixins/messaging/durable-messages.ts";
import { createOutbox, messagingCollections, type Outbox } from "../../mixins/messaging/outbox.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore } from "../../mixins/persistence/store.ts";
import { storeMixin } from "../../mixins/persistence/store-mixin.ts";
import { retention } from "../../mixins/retention/retention.ts";
import { required, type Settings } from "../../settings.ts";
import { orders } from "../orders/contract.ts";
import { type MailDependencies, sendMail } from "./handlers/events/send-mail.ts";
import { createMailer, type Mailer } from "./providers/mailer.ts";
import { createNotificationRepository, notificationRows } from "./repositories/notification-repository.ts";

/** The mailer has few connections, and the wait for one counts as part of its time-out. */
const FEW_AT_ONCE = { concurrency: 4 };

/** All that the store of notifications holds. */
export const notificationsCollections = [notificationRows, ...messagingCollections];

/** The service with its real store and mail server. */
export default function (settings: Settings, logger: ServiceBroker["logger"]): ServiceSchema {
  const clock = Date.now;
  const store = createSqliteStore({
    file: join(settings.DATA_DIR, "notifications.sqlite"),
    collections: notificationsCollections,
  });
  const outbox = createOutbox({ store, clock });
  return createNotificationsService({
    store,
    outbox,
    natsUrl: required(settings, "NATS_URL"),
    repository: createNotificationRepository({ store, outbox }),
    mailer: createMailer({ url: required(settings, "SMTP_URL"), from: settings.MAIL_FROM, logger }),
    clock,
  });
}

/** Every event that notifications takes. */
export function createNotificationsService(
  deps: MailDependencies & { store: ConnectedStore; outbox: Outbox; natsUrl: string; mailer: Mailer },
): ServiceSchema {
  return {
    name: "notifications",
    mixins: [
      domainErrors(),
      durableMessages({
        ...deps,
        service: "notifications",
        handlers: [
          on(orders.events.placed, sendMail("placed", deps), FEW_AT_ONCE),
          on(orders.events.confirmed, sendMail("confirmed", deps), FEW_AT_ONCE),
          on(orders.events.rejected, sendMail("rejected", deps), FEW_AT_ONCE),
          on(orders.events.cancelled, sendMail("cancelled", deps), FEW_AT_ONCE),
          on(orders.events.fulfilled, sendMail("fulfilled", deps), FEW_AT_ONCE),
          on(orders.events.returned, sendMail("returned", deps), FEW_AT_ONCE),
        ],
      }),
      // A mixin stops after those before it: by then no mail is on its way any more.
      { stopped: async () => deps.mailer.close() },
      retention({ ...deps, service: "notifications" }),
      storeMixin(deps.store),
    ],
  };
}
