import type { MessageType } from "../../contracts/define-contract.ts";
import { type ConsumerLogger, createConsumer } from "./consumer.ts";
import { createFailedTries } from "./failed-tries.ts";
import type { JetStreamConnection } from "./jetstream-connection.ts";
import { toJetStreamMessage } from "./jetstream-message.ts";
import { createPuller, type Puller } from "./puller.ts";
import { createSettle, type SettleDependencies } from "./settle.ts";
import { consumerName, ensureConsumer, ensureStreams, streamOf } from "./streams.ts";

/** Makes sure of the durable consumer of one message type, and begins to pull from it. */
export async function startConsumer({
  service,
  type,
  concurrency,
  jetStream,
  ackWaitMs,
  logger,
  ...deps
}: {
  service: string;
  type: MessageType;
  /** Messages that are handled at once. */
  concurrency: number;
  jetStream: JetStreamConnection;
  ackWaitMs: number;
  logger: ConsumerLogger;
} & Omit<SettleDependencies, "failedTries" | "logger">): Promise<Puller> {
  const { connection, untilReady } = jetStream;
  const { answers } = deps;
  const consumer = consumerName(service, type.type);
  const failedTries = createFailedTries();
  const settle = createSettle({ ...deps, failedTries, logger });
  const ensure = () => untilReady((manager) => ensureConsumer(manager, { service, type, ackWaitMs }));
  await ensure();
  return createPuller({
    connection,
    stream: streamOf(type.kind),
    consumer,
    capacity: concurrency,
    handle: createConsumer({ connection, consumer, settle, answers, failedTries, logger, ackWaitMs }),
    handBack: (message) => toJetStreamMessage(connection, message).nak(0),
    onMissing: async () => {
      await untilReady(ensureStreams);
      await ensure();
      logger.warn({ consumer }, "no word from the consumer, it is made anew if it was missing");
    },
  });
}
