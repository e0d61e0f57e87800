import type { JetStreamManager } from "nats";
import { DependencyUnavailable } from "../../../mixins/errors.ts";
import {
  connectJetStream,
  type JetStreamConnection,
} from "../../../mixins/messaging/jetstream-connection.ts";
import { atMost } from "../../../mixins/transport/at-most.ts";

const TIMEOUT_MS = 2_000;
const CONNECT_WITHIN_MS = 2_000;

interface Logger {
  warn(message: string): void;
  info(message: string): void;
}

/** One connection for whoever looks after streams. */
export interface JetStreamAccess {
  /**
   * Begins to connect, and waits for it a little; a server that is silent is waited for in the background.
   * @param name shown by the server's monitoring
   */
  connect(name: string, logger: Logger): Promise<void>;
  /** @throws {DependencyUnavailable} JetStream does not answer */
  ask<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createJetStreamAccess({ natsUrl }: { natsUrl: string }): JetStreamAccess {
  const closing = new AbortController();
  let jetStream: JetStreamConnection | undefined;

  return {
    async connect(name, logger) {
      const connecting = connectJetStream({ natsUrl, name, logger, signal: closing.signal });
      const connected = connecting.then((connection) => {
        jetStream = connection;
        return closing.signal.aborted ? connection.close() : undefined;
      });
      await atMost(CONNECT_WITHIN_MS, connected);
    },

    async ask(work) {
      if (!jetStream) throw new DependencyUnavailable("JetStream is not connected");
      try {
        return await work(
          await jetStream.connection.jetstreamManager({ checkAPI: false, timeout: TIMEOUT_MS }),
        );
      } catch (error) {
        throw new DependencyUnavailable(`JetStream does not answer: ${String(error)}`, { cause: error });
      }
    },

    async close() {
      closing.abort();
      await jetStream?.close();
      jetStream = undefined;
    },
  };
}
