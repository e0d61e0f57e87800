import { isDeepStrictEqual } from "node:util";
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";
import type { MessageType } from "../../contracts/define-contract.ts";
import { DEAD_LETTERS } from "./dead-letter.ts";

const DAY_MS = 24 * 3_600_000;

/** How long streams keep messages; inbox rows must be kept longer. */
export const STREAM_MAX_AGE_MS = 7 * DAY_MS;

interface Stream {
  readonly name: string;
  readonly prefix: string;
  readonly maxBytes: number;
}

/** Letters stay until an operator decides; each consumer and message has one. */
const DEAD_LETTER_STREAM = { name: DEAD_LETTERS, prefix: "dead-letters", maxBytes: 128 * 2 ** 20 };

const STREAMS: Record<MessageType["kind"], Stream> = {
  event: { name: "EVENTS", prefix: "events", maxBytes: 512 * 2 ** 20 },
  command: { name: "COMMANDS", prefix: "commands", maxBytes: 256 * 2 ** 20 },
};

/** The stream that keeps messages of this kind. */
export function streamOf(kind: MessageType["kind"]): string {
  return STREAMS[kind].name;
}

/** The NATS subject of one message, for example `events.order.placed.ord_0198...`. */
export function subjectOf(kind: MessageType["kind"], type: string, orderId: string): string {
  return `${STREAMS[kind].prefix}.${type}.${orderId}`;
}

/** The durable consumer of one message type in one service, for example `inventory--order-placed`. */
export function consumerName(service: string, type: string): string {
  return `${service}--${type.replaceAll(".", "-")}`;
}

/**
 * Creates the streams that are missing, and changes those that are configured otherwise; only how large one may grow is
 * the operator's to change, who knows the disk. A full stream refuses publishes:
 * the outbox keeps what it refused.
 */
export async function ensureStreams(manager: JetStreamManager): Promise<void> {
  for (const stream of Object.values(STREAMS))
    await ensureStream(manager, stream, { max_age: nanos(STREAM_MAX_AGE_MS) });
  await ensureStream(manager, DEAD_LETTER_STREAM, { max_msgs_per_subject: 1 });
}

async function ensureStream(
  { streams }: JetStreamManager,
  { name, prefix, maxBytes }: Stream,
  limits: Partial<StreamConfig>,
): Promise<void> {
  const changeable = {
    subjects: [`${prefix}.>`],
    discard: DiscardPolicy.New,
    duplicate_window: nanos(2 * 60_000),
    ...limits,
  };
  const found = await streams.info(name).catch(unlessMissing);
  if (!found)
    await streams.add({
      name,
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      max_bytes: maxBytes,
      ...changeable,
    });
  else if (differs(found.config, changeable)) await streams.update(name, changeable);
}

/**
 * Creates the durable consumer of one message type for one service, or changes it when it is configured otherwise: a newer
 * server refuses to create one that is there with another configuration. Answers its name.
 */
export async function ensureConsumer(
  { consumers }: JetStreamManager,
  { service, type, ackWaitMs }: { service: string; type: MessageType; ackWaitMs: number },
): Promise<string> {
  const name = consumerName(service, type.type);
  const stream = streamOf(type.kind);
  const changeable = {
    filter_subject: subjectOf(type.kind, type.type, "*"),
    ack_wait: nanos(ackWaitMs),
    max_deliver: -1,
    max_ack_pending: 1_000,
  };
  const found = await consumers.info(stream, name).catch(unlessMissing);
  if (!found)
    await consumers.add(stream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ...changeable,
    });
  else if (differs(found.config, changeable)) await consumers.update(stream, name, changeable);
  return name;
}

/** Whether any of the wanted settings is not the one that there is. */
function differs<C extends object>(found: C, wanted: Partial<C>): boolean {
  return (Object.keys(wanted) as (keyof C)[]).some((key) => !isDeepStrictEqual(found[key], wanted[key]));
}

/** For a `catch`: a stream or message that is not there is no failure. */
export function unlessMissing(error: unknown): undefined {
  if (!(error instanceof NatsError) || error.api_error?.code !== 404) throw error;
}
