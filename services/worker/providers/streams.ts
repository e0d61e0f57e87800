import type { ConsumerInfo, StreamInfo } from "nats";
import { streamOf, unlessMissing } from "../../../mixins/messaging/streams.ts";
import type { ConsumerProgress, StreamFill } from "../domain/streams.ts";
import type { JetStreamAccess } from "./jetstream-access.ts";

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

/** The streams behind all services, for whoever looks after them. */
export function createStreams({ jetStream: { ask } }: { jetStream: Pick<JetStreamAccess, "ask"> }): Streams {
  return {
    survey: () =>
      ask(async ({ streams }) => {
        const found = await Promise.all(NAMES.map((name) => streams.info(name).catch(unlessMissing)));
        return found.filter((info) => info !== undefined).map(toFill);
      }),

    consumersOf: (stream) =>
      ask(async ({ consumers }) => (await consumers.list(stream).next()).map(toProgress)),

    purge: (stream, upTo) =>
      ask(async ({ streams }) => (await streams.purge(stream, { seq: upTo + 1 })).purged),
  };
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
