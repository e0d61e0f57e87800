import { createInbox, type Msg, type NatsConnection } from "nats";
import { atMost } from "../transport/at-most.ts";
import { isDelivery } from "./jetstream-message.ts";

/** How long the server keeps a pull request open, in milliseconds. */
const EXPIRES_MS = 5_000;
/** Pause before a consumer that is gone is made anew: a server that is still removing its files would remove the new ones too. */
const MISSING_PAUSE_MS = 500;

/** How long a puller that stops waits for what is on its way to it. */
const DRAIN_WITHIN_MS = 1_000;

export interface Puller {
  /** Forgets the open pull request (its connection was lost) and asks anew. */
  reset(): void;
  /** Stops asking at once, hands back what arrives meanwhile, waits for what is in the works. May be called again. */
  stop(): Promise<void>;
}

/**
 * Pulls from one durable consumer, never more than `capacity` messages at once. The client's own iterators hold a
 * buffer beside what is being handled; messages in it would run out of time while nobody works on them.
 * @param handle answers once the message is dealt with; must not throw
 * @param handBack gives back a message that arrives while stopping
 * @param onMissing the server may know no such consumer; resolves once it does
 */
export function createPuller({
  connection,
  stream,
  consumer,
  capacity,
  handle,
  handBack,
  onMissing,
}: {
  connection: NatsConnection;
  stream: string;
  consumer: string;
  capacity: number;
  handle: (message: Msg) => Promise<void>;
  handBack: (message: Msg) => void;
  onMissing: () => Promise<void>;
}): Puller {
  const inbox = createInbox();
  const idle = Promise.withResolvers<void>();
  let inFlight = 0;
  let requested = 0;
  let request = 0;
  let stopping = false;
  let stopped: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const subscription = connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error) return;
      if (message.subject.startsWith(inbox)) onStatus(message);
      else if (!isDelivery(message)) return;
      else if (stopping) handBack(message);
      else work(message);
    },
  });
  pull();

  function pull(): void {
    if (stopping || requested > 0 || connection.isClosed()) return;
    const free = capacity - inFlight;
    // Under load one request for many beats many for one.
    if (free < (inFlight > 0 ? Math.ceil(capacity / 2) : 1)) return;
    requested = free;
    request += 1;
    connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      JSON.stringify({ batch: free, expires: EXPIRES_MS * 1e6 }),
      { reply: `${inbox}.${request}` },
    );
    // The server ends each request, at the latest when it expires. Silence means that it was lost, or that the server
    // knows no such consumer: it does not say so while the stream exists.
    mendIn(EXPIRES_MS + 1_000);
  }

  /** Has the consumer looked after, unless a message or another status comes first. */
  function mendIn(delayMs: number): void {
    clearTimeout(timer);
    const lost = request;
    timer = setTimeout(() => {
      if (requested === 0) return;
      void onMissing()
        .catch(() => {})
        .then(() => {
          if (request !== lost) return;
          requested = 0;
          pull();
        });
    }, delayMs);
  }

  function work(message: Msg): void {
    inFlight += 1;
    requested = Math.max(0, requested - 1);
    handle(message).finally(() => {
      inFlight -= 1;
      if (stopping && inFlight === 0) idle.resolve();
      pull();
    });
    if (requested === 0) pull();
  }

  /** A message without content on the request's own subject: the server ends that request, and says why in a code. */
  function onStatus(message: Msg): void {
    if (stopping || message.subject !== `${inbox}.${request}`) return;
    const code = message.headers?.code ?? 0;
    // No such consumer, or it was deleted: `requested` is kept, so that nothing is asked before it is back.
    if (code === 503 || code === 409) {
      mendIn(MISSING_PAUSE_MS);
      return;
    }
    requested = 0;
    pull();
  }

  return {
    reset() {
      requested = 0;
      pull();
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };

  async function stop(): Promise<void> {
    stopping = true;
    clearTimeout(timer);
    if (!connection.isClosed()) await atMost(DRAIN_WITHIN_MS, subscription.drain());
    if (inFlight > 0) await idle.promise;
  }
}
