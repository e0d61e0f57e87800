import { setTimeout as delay } from "node:timers/promises";
import {
  type ConnectionOptions,
  connect,
  Events,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
} from "nats";
import { atMost } from "../transport/at-most.ts";
import { natsOptions } from "../transport/nats-options.ts";

const RETRY_MS = 250;
const CLOSE_WITHIN_MS = 2_000;
/** A server that takes the connection and then says nothing is tried again after this. */
const CONNECT_TIMEOUT_MS = 2_000;

export interface JetStreamConnection {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  /** Repeats `work` until JetStream has done it: a server that has just started may not be ready yet. */
  untilReady<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T>;
  onDisconnect(listener: () => void): void;
  onReconnect(listener: () => void): void;
  close(): Promise<void>;
}

interface Logger {
  warn(message: string): void;
  info(message: string): void;
}

/**
 * A connection to NATS that stays: it waits for the first server and reconnects for ever.
 * @param natsUrl see {@link natsOptions}
 * @param name shown by the server's monitoring
 * @param signal ends the wait for the first server
 * @throws the reason of `signal`
 */
export async function connectJetStream({
  natsUrl,
  name,
  logger,
  signal,
}: {
  natsUrl: string;
  name: string;
  logger: Logger;
  signal?: AbortSignal;
}): Promise<JetStreamConnection> {
  const connection = await dial(signal, {
    ...natsOptions(natsUrl),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    timeout: CONNECT_TIMEOUT_MS,
    noAsyncTraces: true,
    // A link that hangs is given up after two unanswered pings.
    pingInterval: 2_000,
    maxPingOut: 2,
  });
  const onDisconnect: (() => void)[] = [];
  const onReconnect: (() => void)[] = [];
  let closed = false;
  void watch();

  async function watch(): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        logger.warn("NATS is away, messages wait in the outbox");
        for (const listener of onDisconnect) listener();
      } else if (status.type === Events.Reconnect) {
        logger.info("NATS is back");
        for (const listener of onReconnect) listener();
      }
    }
  }

  return {
    connection,
    client: connection.jetstream(),
    async untilReady(work) {
      for (;;) {
        try {
          return await work(await connection.jetstreamManager({ checkAPI: false, timeout: 2_000 }));
        } catch (error) {
          if (closed || connection.isClosed()) throw error;
          logger.warn(`JetStream is not ready: ${String(error)}`);
          await delay(RETRY_MS);
        }
      }
    },
    onDisconnect: (listener) => onDisconnect.push(listener),
    onReconnect: (listener) => onReconnect.push(listener),
    async close() {
      closed = true;
      await atMost(CLOSE_WITHIN_MS, connection.drain());
      await connection.close();
    },
  };
}

/** The client's own wait for the first server has no end that could be asked for. */
async function dial(signal: AbortSignal | undefined, options: ConnectionOptions): Promise<NatsConnection> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connect(options);
    } catch {
      await delay(RETRY_MS, undefined, { ...(signal ? { signal } : {}) });
    }
  }
}
