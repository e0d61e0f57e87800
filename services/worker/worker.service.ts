import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import { domainErrors } from "../../mixins/domain-errors.ts";
import { durableMessages, on } from "../../mixins/messaging/durable-messages.ts";
import { createOutbox, messagingCollections, type Outbox } from "../../mixins/messaging/outbox.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore } from "../../mixins/persistence/store.ts";
import { storeMixin } from "../../mixins/persistence/store-mixin.ts";
import { required, type Settings } from "../../settings.ts";
import { worker } from "./contract.ts";
import { shipFulfilment } from "./handlers/commands/ship-fulfilment.ts";

/** The service with its real store. */
export default function (settings: Settings): ServiceSchema {
  const store = createSqliteStore({
    file: join(settings.DATA_DIR, "worker.sqlite"),
    collections: messagingCollections,
  });
  return createWorkerService({
    store,
    outbox: createOutbox({ store }),
    natsUrl: required(settings, "NATS_URL"),
  });
}

/** Every command that the worker carries out. */
export function createWorkerService(deps: {
  store: ConnectedStore;
  outbox: Outbox;
  natsUrl: string;
}): ServiceSchema {
  return {
    name: worker.service,
    mixins: [
      domainErrors(),
      durableMessages({
        ...deps,
        service: worker.service,
        handlers: [on(worker.commands.shipFulfilment, shipFulfilment())],
      }),
      storeMixin(deps.store),
    ],
  };
}
