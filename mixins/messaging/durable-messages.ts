import type { Context, Service, ServiceAction, ServiceSchema } from "moleculer";
import type { MessageType } from "../../contracts/define-contract.ts";
import type { RequestMeta } from "../observability/request-context.ts";
import { createLeases } from "../persistence/lease.ts";
import type { Store } from "../persistence/store.ts";
import { createConsumer } from "./consumer.ts";
import { connectJetStream, type JetStreamConnection } from "./jetstream-connection.ts";
import { toJetStreamMessage } from "./jetstream-message.ts";
import type { Message } from "./message.ts";
import type { Delivery, Outbox } from "./outbox.ts";
import { createPublisher, type Publisher } from "./publisher.ts";
import { createPuller, type Puller } from "./puller.ts";
import { type Relay, startRelay } from "./relay.ts";
import { ensureConsumer, ensureStreams, streamOf } from "./streams.ts";

/** Handles one durable message: its effect and `delivery.inbox` go into one batch of the outbox. */
export type MessageHandler<M extends MessageType = MessageType> = (
  message: Message<M>,
  delivery: Delivery,
  ctx: Context<unknown, RequestMeta>,
) => Promise<void>;

export interface Subscription {
  readonly type: MessageType;
  readonly handle: MessageHandler;
  /** Messages of this type that one node handles at once. */
  readonly concurrency: number;
  /** Milliseconds until a handler counts as hung and its message is tried again. */
  readonly timeoutMs: number;
}

/** One line of a service's table of durable handlers: `on(orders.events.placed, holdStock(deps))`. */
export function on<M extends MessageType>(
  type: M,
  handle: MessageHandler<M>,
  { concurrency = 16, timeoutMs = 30_000 }: { concurrency?: number; timeoutMs?: number } = {},
): Subscription {
  return { type, handle: handle as unknown as MessageHandler, concurrency, timeoutMs };
}

interface Running {
  readonly jetStream: JetStreamConnection;
  readonly pullers: readonly Puller[];
  readonly relay: Relay;
  readonly publishing: Set<Promise<void>>;
}

/**
 * Mixin: a service declares its durable handlers as a table, as it does with actions. Each delivered message runs as a
 * local broker call, through all middlewares. Publishes the service's outbox, and relays what a crash left behind.
 * Place it before the store's mixin, so that it stops while the store is still open.
 * @param service the service's name; consumers are named after it
 * @param ackWaitMs a message without an answer for this long is delivered again; a handler that works longer extends it
 */
export function durableMessages({
  service,
  natsUrl,
  store,
  outbox,
  handlers,
  ackWaitMs = 10_000,
}: {
  service: string;
  natsUrl: string;
  store: Pick<Store, "get" | "find" | "commit">;
  outbox: Outbox;
  handlers: readonly Subscription[];
  ackWaitMs?: number;
}): Partial<ServiceSchema> {
  let running: Running | undefined;

  return {
    actions: Object.fromEntries(handlers.map((handler) => [actionName(handler.type), toAction(handler)])),

    async started(this: Service) {
      const jetStream = await connectJetStream({
        natsUrl,
        name: `${this.broker.nodeID}-messages`,
        logger: this.logger,
      });
      await jetStream.untilReady(ensureStreams);
      const publisher = createPublisher({ jetStream: jetStream.client, store, logger: this.logger });
      const publishing = publishOnCommit(outbox, publisher);
      const pullers: Puller[] = [];
      for (const handler of handlers) pullers.push(await startConsumer(this, jetStream, handler));
      const relay = startRelay({
        store,
        publisher,
        leases: createLeases({ store }),
        holder: this.broker.nodeID,
        onError: (error) => this.logger.warn({ error: String(error) }, "outbox not relayed, tried again"),
      });
      jetStream.onReconnect(() => {
        for (const puller of pullers) puller.reset();
      });
      running = { jetStream, pullers, relay, publishing };
    },

    async stopped() {
      if (!running) return;
      const { jetStream, pullers, relay, publishing } = running;
      running = undefined;
      await Promise.all([...pullers.map((puller) => puller.stop()), relay.stop()]);
      await Promise.all(publishing);
      await jetStream.close();
    },
  };

  async function startConsumer(
    owner: Service,
    jetStream: JetStreamConnection,
    { type, concurrency }: Subscription,
  ): Promise<Puller> {
    const { connection } = jetStream;
    const ensure = () =>
      jetStream.untilReady((manager) => ensureConsumer(manager, { service, type, ackWaitMs }));
    const consumer = await ensure();
    const { logger } = owner;
    return createPuller({
      connection,
      stream: streamOf(type.kind),
      consumer,
      capacity: concurrency,
      handle: createConsumer({
        connection,
        consumer,
        type,
        store,
        logger,
        ackWaitMs,
        run: async (message, delivery, { requestId, user, traceparent }) => {
          const handler = owner.actions[actionName(type)] as ServiceAction;
          await handler({ message, delivery }, { requestID: requestId, meta: { user, traceparent } });
        },
      }),
      handBack: (message) => toJetStreamMessage(connection, message).nak(0),
      onMissing: async () => {
        await jetStream.untilReady(ensureStreams);
        await ensure();
        logger.warn({ consumer }, "consumer was missing and is made anew");
      },
    });
  }
}

function toAction({ handle, timeoutMs }: Subscription) {
  return {
    visibility: "private",
    timeout: timeoutMs,
    handler: (ctx: Context<{ message: Message; delivery: Delivery }, RequestMeta>) =>
      handle(ctx.params.message, ctx.params.delivery, ctx as Context<unknown, RequestMeta>),
  } as const;
}

function actionName(type: MessageType): string {
  return `on.${type.type}`;
}

/** Publishes in the background whatever the outbox commits; answers the publishes under way. */
function publishOnCommit(outbox: Outbox, publisher: Publisher): Set<Promise<void>> {
  const publishing = new Set<Promise<void>>();
  outbox.onCommitted((rows) => {
    const publish = publisher.publish(rows).finally(() => publishing.delete(publish));
    publishing.add(publish);
  });
  return publishing;
}
