/**
 * A service that counts each event that it is told of. Unlike the real ones it has no state machine to rest on: only
 * the inbox keeps it from counting twice.
 */
import type { ServiceSchema } from "moleculer";
import { durableMessages, type MessageHandler, on } from "../../mixins/messaging/durable-messages.ts";
import { messagingCollections, type Outbox } from "../../mixins/messaging/outbox.ts";
import { retryOnConflict } from "../../mixins/persistence/retry-on-conflict.ts";
import { adjust, type ConnectedStore, collection, insert } from "../../mixins/persistence/store.ts";
import { inventory } from "../../services/inventory/contract.ts";
import { orders } from "../../services/orders/contract.ts";

type Tally = { readonly eventId: string; readonly count: number };

export const tallies = collection<Tally>({ name: "tallies", key: "eventId" });

export const tallyCollections = [tallies, ...messagingCollections];

export function createTallyService(deps: {
  store: ConnectedStore;
  outbox: Outbox;
  natsUrl: string;
}): ServiceSchema {
  const count: MessageHandler = ({ id: eventId }, delivery) =>
    retryOnConflict(async () => {
      const known = await deps.store.get(tallies, eventId);
      const write = known ? adjust(tallies, eventId, { count: 1 }) : insert(tallies, { eventId, count: 1 });
      await deps.outbox.commit({ writes: [write], delivery });
    });
  const events = [...Object.values(orders.events), ...Object.values(inventory.events)];
  return {
    name: "tally",
    mixins: [
      durableMessages({ ...deps, service: "tally", handlers: events.map((event) => on(event, count)) }),
    ],
  };
}
