import { setTimeout as delay } from "node:timers/promises";
import type { Context, Middleware, Service, ServiceAction, ServiceSchema } from "moleculer";
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

/** Calls and HTTP that need no stream don't wait longer for JetStream; consumers begin when it answers. */
const START_WITHIN_MS = 2_000;

interface Running {
  readonly publisher: Publisher;
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
  let connected: JetStreamConnection | undefined;
  const stopping = new AbortController();
  const pullers: Puller[] = [];
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

    created(this: Service) {
      // Before the broker waits for what runs: deliveries that go on arriving would keep the node alive until it is killed.
      this.broker.middlewares.add({
        name: `StopPulling:${service}`,
        stopping: async () => stopPulling(),
      } as Middleware);
    },

    async started(this: Service) {
      const starting = start(this).catch((error) => {
        // A connection that was closed on the way is no failure.
        if (!stopping.signal.aborted) throw error;
      });
      let isLate = false;
      starting.catch(
        (error) => isLate && this.logger.error({ error: String(error) }, "durable messages not started"),
      );
      await Promise.race([starting, delay(START_WITHIN_MS, undefined, { ref: false })]);
      isLate = true;
    },

    async stopped() {
      stopPulling();
      const ending = running;
      running = undefined;
      await Promise.all([
        ...pullers.map((puller) => puller.stop()),
        ending?.relay.stop(),
        ending?.letters.stop(),
      ]);
      await Promise.all(ending?.publishing ?? []);
      await connected?.close();
    },
  };

  /** Connects, makes sure of streams and consumers, and begins to pull and to relay. @throws when it is stopped meanwhile */
  async function start(owner: Service): Promise<void> {
    const { logger } = owner;
    const { nodeID } = owner.broker;
    const jetStream = await connectJetStream({
      natsUrl,
      name: `${nodeID}-messages`,
      logger,
      signal: stopping.signal,
    });
    if (stopping.signal.aborted) return jetStream.close();
    connected = jetStream;
    await jetStream.untilReady(ensureStreams);
    const publish = createStreamPublisher(jetStream);
    const publisher = createPublisher({ jetStream: { publish }, store, logger });
    const publishing = publishOnCommit(outbox, publisher);
    const deadLetters = createDeadLetters({ connection: jetStream.connection, publish });
    const shared = { service, jetStream, gate, troubles, answers, deadLetters, logger, ackWaitMs };
    const deliveryHandlers = new Map<string, DeliveryHandler>();
    for (const { type, concurrency } of handlers) {
      const handle = deliveryHandlerOf(owner, type);
      deliveryHandlers.set(consumerName(service, type.type), handle);
      const puller = await startConsumer({ ...shared, type, concurrency, handle });
      pullers.push(puller);
      if (stopping.signal.aborted) void puller.stop();
    }
    stopping.signal.throwIfAborted();
    const onError = (error: unknown) =>
      logger.warn({ error: String(error) }, "outbox not relayed, tried again");
    const relay = startRelay({ store, publisher, leases: createLeases({ store }), holder: nodeID, onError });
    const letters = keepLetters({
      store,
      deadLetters,
      onError: (error) => logger.warn({ error: String(error) }, "dead letters not looked after, tried again"),
    });
    jetStream.onReconnect(() => {
      for (const puller of pullers) puller.reset();
      relay.runForAll().catch(onError);
    });
    running = { publisher, relay, letters, publishing, deliveryHandlers };
  }

  function stopPulling(): void {
    stopping.abort();
    for (const puller of pullers) void puller.stop();
  }

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
