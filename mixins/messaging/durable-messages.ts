import type { Context, Service, ServiceAction, ServiceSchema } from "moleculer";
import type { MessageType } from "../../contracts/define-contract.ts";
import { answerCalls } from "../calls.ts";
import { DependencyUnavailable } from "../errors.ts";
import type { RequestMeta } from "../observability/request-context.ts";
import { createLeases } from "../persistence/lease.ts";
import type { Store } from "../persistence/store.ts";
import { createAnswers } from "./answers.ts";
import { discardMessage } from "./calls/discard-message.ts";
import { messagesOf } from "./calls/messages-of.ts";
import { missingOf } from "./calls/missing-of.ts";
import { publishAgain } from "./calls/publish-again.ts";
import { replayMessage } from "./calls/replay-message.ts";
import { messagingContract } from "./contract.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { createGate } from "./gate.ts";
import { createDeliveryHandler, type DeliveryHandler } from "./handle-delivery.ts";
import { connectJetStream, type JetStreamConnection } from "./jetstream-connection.ts";
import { keepLetters, type LetterKeeper } from "./keep-letters.ts";
import type { Message } from "./message.ts";
import type { Delivery, Outbox } from "./outbox.ts";
import { createPublisher, type Publisher } from "./publisher.ts";
import type { Puller } from "./puller.ts";
import { type Relay, startRelay } from "./relay.ts";
import { startConsumer } from "./start-consumer.ts";
import { createStreamPublisher } from "./stream-publisher.ts";
import { consumerName, ensureStreams } from "./streams.ts";
import { createTroubles } from "./troubles.ts";

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
  readonly publisher: Publisher;
  readonly pullers: readonly Puller[];
  readonly relay: Relay;
  readonly letters: LetterKeeper;
  readonly publishing: Set<Promise<void>>;
  /** By the consumer's name. */
  readonly deliveryHandlers: ReadonlyMap<string, DeliveryHandler>;
}

/**
 * Mixin: a service declares its durable handlers as a table, as it does with actions. Each delivered message runs as a
 * local broker call, through all middlewares. Publishes the service's outbox, and relays what a crash left behind.
 * Answers the calls of `messagingContract(service)`.
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
  store: Pick<Store, "get" | "find" | "count" | "commit">;
  outbox: Outbox;
  handlers: readonly Subscription[];
  ackWaitMs?: number;
}): Partial<ServiceSchema> {
  let running: Running | undefined;
  const troubles = createTroubles({ store });
  const answers = createAnswers({ store });
  const gate = createGate();
  const consumers = handlers.map(({ type }) => ({
    type: type.type,
    consumer: consumerName(service, type.type),
  }));

  return {
    actions: {
      ...Object.fromEntries(handlers.map((handler) => [actionName(handler.type), toAction(handler)])),
      ...answerCalls(messagingContract(service).calls, {
        messagesOf: messagesOf({ store }),
        missingOf: missingOf({ store, consumers }),
        publishAgain: publishAgain({ store, publisher: () => started().publisher }),
        replayMessage: replayMessage({ troubles, handlerOf: (name) => started().deliveryHandlers.get(name) }),
        discardMessage: discardMessage({ store, consumers, troubles }),
      }),
    },

    async started(this: Service) {
      const jetStream = await connectJetStream({
        natsUrl,
        name: `${this.broker.nodeID}-messages`,
        logger: this.logger,
      });
      await jetStream.untilReady(ensureStreams);
      const publish = createStreamPublisher(jetStream);
      const publisher = createPublisher({ jetStream: { publish }, store, logger: this.logger });
      const publishing = publishOnCommit(outbox, publisher);
      const deadLetters = createDeadLetters({ connection: jetStream.connection, publish });
      const { logger } = this;
      const shared = { service, jetStream, gate, troubles, answers, deadLetters, logger, ackWaitMs };
      const deliveryHandlers = new Map<string, DeliveryHandler>();
      const pullers: Puller[] = [];
      for (const { type, concurrency } of handlers) {
        const handle = deliveryHandlerOf(this, type);
        deliveryHandlers.set(consumerName(service, type.type), handle);
        pullers.push(await startConsumer({ ...shared, type, concurrency, handle }));
      }
      const onError = (error: unknown) =>
        logger.warn({ error: String(error) }, "outbox not relayed, tried again");
      const relay = startRelay({
        store,
        publisher,
        leases: createLeases({ store }),
        holder: this.broker.nodeID,
        onError,
      });
      const letters = keepLetters({
        store,
        deadLetters,
        onError: (error) =>
          logger.warn({ error: String(error) }, "dead letters not looked after, tried again"),
      });
      jetStream.onReconnect(() => {
        for (const puller of pullers) puller.reset();
        relay.runForAll().catch(onError);
      });
      running = { jetStream, publisher, pullers, relay, letters, publishing, deliveryHandlers };
    },

    async stopped() {
      if (!running) return;
      const { jetStream, pullers, relay, letters, publishing } = running;
      running = undefined;
      await Promise.all([...pullers.map((puller) => puller.stop()), relay.stop(), letters.stop()]);
      await Promise.all(publishing);
      await jetStream.close();
    },
  };

  function started(): Running {
    if (!running) throw new DependencyUnavailable(`${service} is starting or stopping`);
    return running;
  }

  /** Each message runs as a local call, whether the stream delivers it or an operator replays it. */
  function deliveryHandlerOf(owner: Service, type: MessageType): DeliveryHandler {
    return createDeliveryHandler({
      consumer: consumerName(service, type.type),
      type,
      store,
      run: async (message, delivery, { requestId, user, traceparent }) => {
        const handler = owner.actions[actionName(type)] as ServiceAction;
        await handler({ message, delivery }, { requestID: requestId, meta: { user, traceparent } });
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
