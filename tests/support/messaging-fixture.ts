/** A small service with durable messages on a real store and a real NATS server. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { z } from "zod";
import { event } from "../../contracts/define-contract.ts";
import { domainErrors } from "../../mixins/domain-errors.ts";
import {
  durableMessages,
  type MessageHandler,
  on,
  type Subscription,
} from "../../mixins/messaging/durable-messages.ts";
import { createMessage } from "../../mixins/messaging/message.ts";
import { createOutbox, messagingCollections } from "../../mixins/messaging/outbox.ts";
import { requestContextMiddleware } from "../../mixins/observability/request-context.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import { collection, insert } from "../../mixins/persistence/store.ts";
import { storeMixin } from "../../mixins/persistence/store-mixin.ts";

export const kettleBoiled = event("kettle.boiled", z.strictObject({ litres: z.number() }));

export type Effect = { readonly id: string; readonly seen: number };
export const effects = collection<Effect>({ name: "effects", key: "id" });

export type KettleHandler = MessageHandler<typeof kettleBoiled>;

/**
 * @param name of the service
 * @param file of the store; nodes of one service share it
 */
export async function startKettleService({
  natsUrl,
  handle,
  name = "kettle",
  file = join(mkdtempSync(join(tmpdir(), "orders-messaging-")), "kettle.sqlite"),
  nodeId = `${name}-1`,
  more = [],
  concurrency = 16,
  ackWaitMs = 10_000,
  tracksCalls = false,
}: {
  natsUrl: string;
  handle: (deps: Pick<KettleService, "store" | "outbox">) => KettleHandler;
  name?: string;
  file?: string;
  nodeId?: string;
  more?: readonly Subscription[];
  concurrency?: number;
  ackWaitMs?: number;
  /** As real nodes do: to stop, it waits for the calls and deliveries under way. */
  tracksCalls?: boolean;
}) {
  const store = createSqliteStore({ file, collections: [effects, ...messagingCollections] });
  const outbox = createOutbox({ store });
  const broker = new ServiceBroker({
    nodeID: nodeId,
    logger: false,
    requestTimeout: 5_000,
    tracking: { enabled: tracksCalls, shutdownTimeout: 5_000 },
    middlewares: [requestContextMiddleware()],
  });
  broker.createService({
    name,
    mixins: [
      domainErrors(),
      durableMessages({
        service: name,
        natsUrl,
        store,
        outbox,
        ackWaitMs,
        handlers: [on(kettleBoiled, handle({ store, outbox }), { concurrency }), ...more],
      }),
      storeMixin(store),
    ],
  });
  await broker.start();
  return { broker, store, outbox, file, stop: () => broker.stop() };
}

/** Remembers each effect once, in the batch of the inbox row. */
export const remember =
  ({ outbox }: Pick<KettleService, "outbox">): KettleHandler =>
  async (message, delivery) =>
    outbox.commit({
      writes: [insert(effects, { id: message.subject, seen: message.data.litres })],
      delivery,
    });

export type KettleService = Awaited<ReturnType<typeof startKettleService>>;

/** A message about one kettle; `litres` is its data. */
export function boiled(subject: string, litres = 1) {
  return createMessage(kettleBoiled, { subject, version: 1, data: { litres }, nowMs: Date.now() });
}
