/** JetStream as far as services see it: at least once, in any order, also twice; what is not acked comes again. */
import { backOffMs } from "../../mixins/messaging/back-off.ts";
import type { Delivered } from "../../mixins/messaging/handle-delivery.ts";
import { ask, type Process, type World } from "./world.ts";

const ACK_WAIT_MS = 10_000;
const PUBLISH_TIMEOUT_MS = 5_000;
/** Until somebody asks again, while no node of the service is up. */
const PULL_AGAIN_MS = 1_000;

/** A message as it is published: type and content, and what headers it carries. */
export interface Published {
  readonly type: string;
  readonly body: Uint8Array;
  readonly header: (name: string) => string | undefined;
  readonly dedupeId: string;
}

/** A durable consumer of one message type. */
export interface Consumer {
  readonly name: string;
  readonly type: string;
  /** Hands a delivery to a node that is up, and tells when it crashes; undefined while none is up. */
  deliver(delivered: Delivered, onCrash: () => void): Promise<void> | undefined;
}

interface Entry {
  readonly consumer: Consumer;
  readonly message: Published;
  tries: number;
}

export type Stream = ReturnType<typeof createStream>;

export function createStream(world: World) {
  const { time, random, faults, trace } = world;
  const consumers: Consumer[] = [];
  const stored: Published[] = [];
  const known = new Set<string>();
  const inFlight = new Set<Entry>();
  const held = new Map<string, Entry[]>();

  function store(message: Published): void {
    // The window of JetStream's dedupe is longer than a schedule.
    if (known.has(message.dedupeId)) return;
    known.add(message.dedupeId);
    stored.push(message);
    for (const consumer of consumers) {
      if (consumer.type !== message.type) continue;
      const copies = faults.happens("doubled") ? 2 : 1;
      for (let copy = 0; copy < copies; copy++)
        deliverLater({ consumer, message, tries: 0 }, faults.deliveryDelay());
    }
  }

  function deliverLater(entry: Entry, delayMs: number): void {
    const waiting = held.get(entry.message.type);
    if (waiting) waiting.push(entry);
    else time.after(delayMs, () => deliver(entry));
  }

  function deliver(entry: Entry): void {
    const { consumer, message } = entry;
    let isOver = false;
    const end = (delayMs: number | undefined) => {
      if (isOver) return;
      isOver = true;
      inFlight.delete(entry);
      if (delayMs !== undefined) deliverLater(entry, delayMs);
    };
    const { body, header } = message;
    const delivery = consumer.deliver({ body, header, tries: entry.tries + 1 }, () => end(ACK_WAIT_MS));
    if (!delivery) {
      deliverLater(entry, PULL_AGAIN_MS);
      return;
    }
    entry.tries += 1;
    inFlight.add(entry);
    trace?.("stream", `delivers to ${consumer.name}, try ${entry.tries}`);
    delivery.then(
      () => end(faults.happens("lost") ? ACK_WAIT_MS : undefined),
      (error) => {
        trace?.("stream", `${consumer.name} hands back`, error);
        end(backOffMs(entry.tries, random.next));
      },
    );
  }

  return {
    /** All messages, in the order in which they were stored. */
    stored: stored as readonly Published[],
    addConsumer: (consumer: Consumer) => consumers.push(consumer),
    consumersOf: (type: string) => consumers.filter((consumer) => consumer.type === type),
    /** Deliveries that a node works on. */
    inFlight: () => inFlight.size,

    /** @throws {Error} no acknowledgement: it may have been stored */
    publish: (process: Process, message: Published): Promise<void> =>
      ask(world, {
        process,
        what: `publish ${message.type}`,
        timeoutMs: PUBLISH_TIMEOUT_MS,
        unknown: () => new Error("The publish was not acknowledged"),
        serve: () => store(message),
      }),

    /** Keeps back all deliveries of a message type, until they are released. */
    hold(type: string): void {
      held.set(type, held.get(type) ?? []);
    },
    release(type: string): void {
      const waiting = held.get(type) ?? [];
      held.delete(type);
      for (const entry of waiting) deliverLater(entry, faults.deliveryDelay());
    },
    /** Delivers all messages of a type once more, as somebody does who publishes them again. */
    repeat(type: string): void {
      for (const message of stored.filter((one) => one.type === type))
        for (const consumer of consumers.filter((one) => one.type === type))
          deliverLater({ consumer, message, tries: 0 }, faults.deliveryDelay());
    },
  };
}
