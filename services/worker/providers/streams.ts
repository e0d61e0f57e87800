import { type ConsumerInfo, type JetStreamManager, NatsError, type StreamInfo } from "nats";
import { DependencyUnavailable } from "../../../mixins/errors.ts";
import {
  connectJetStream,
  type JetStreamConnection,
} from "../../../mixins/messaging/jetstream-connection.ts";
import { streamOf } from "../../../mixins/messaging/streams.ts";
import type { ConsumerProgress, StreamFill } from "../domain/streams.ts";

const TIMEOUT_MS = 2_000;
const NAMES = [streamOf("event"), streamOf("command")];

/** Every method throws `DependencyUnavailable` when JetStream does not answer. */
export interface Streams {
  /** The streams that are there, with the messages of events and commands. */
  survey(): Promise<StreamFill[]>;
  /** How far each consumer of a stream has come. */
  consumersOf(stream: string): Promise<ConsumerProgress[]>;
  /** Removes all messages up to a sequence; answers how many. */
  purge(stream: string, upTo: number): Promise<number>;
}

interface Logger {
  warn(message: string): void;
  info(message: string): void;
}

/** The streams behind all services, for whoever looks after them. */
export function createStreams({ natsUrl }: { natsUrl: string }): Streams & {
  connect(name: string, logger: Logger): Promise<void>;
  close(): Promise<void>;
} {
  let jetStream: JetStreamConnection | undefined;

  async function ask<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    if (!jetStream) throw new DependencyUnavailable("JetStream is not connected");
    try {
      return await work(
        await jetStream.connection.jetstreamManager({ checkAPI: false, timeout: TIMEOUT_MS }),
      );
    } catch (error) {
      throw new DependencyUnavailable(`JetStream does not answer: ${String(error)}`, { cause: error });
    }
  }

  return {
    async connect(name, logger) {
      jetStream = await connectJetStream({ natsUrl, name, logger });
    },

    survey: () =>
      ask(async ({ streams }) => {
        const found = await Promise.all(NAMES.map((name) => streams.info(name).catch(unlessMissing)));
        return found.filter((info) => info !== undefined).map(toFill);
      }),

    consumersOf: (stream) =>
      ask(async ({ consumers }) => (await consumers.list(stream).next()).map(toProgress)),

    purge: (stream, upTo) =>
      ask(async ({ streams }) => (await streams.purge(stream, { seq: upTo + 1 })).purged),

    async close() {
      await jetStream?.close();
      jetStream = undefined;
    },
  };
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof NatsError) || error.api_error?.code !== 404) throw error;
}

function toFill({ config, created, state }: StreamInfo): StreamFill {
  return {
    name: config.name,
    created,
    firstSeq: state.first_seq,
    lastSeq: state.last_seq,
    bytes: state.bytes,
    maxBytes: config.max_bytes,
  };
}

function toProgress({ ack_floor, delivered, num_ack_pending, num_pending }: ConsumerInfo): ConsumerProgress {
  return {
    ackedTo: ack_floor.stream_seq,
    deliveredTo: delivered.stream_seq,
    unacked: num_ack_pending,
    waiting: num_pending,
  };
}
