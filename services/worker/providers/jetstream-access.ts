import type { JetStreamManager } from "nats";
import { DependencyUnavailable } from "../../../mixins/errors.ts";
import {
  connectJetStream,
  type JetStreamConnection,
} from "../../../mixins/messaging/jetstream-connection.ts";

const TIMEOUT_MS = 2_000;

interface Logger {
  warn(message: string): void;
  info(message: string): void;
}

/** One connection for whoever looks after streams. */
export interface JetStreamAccess {
  /** @param name shown by the server's monitoring */
  connect(name: string, logger: Logger): Promise<void>;
  /** @throws {DependencyUnavailable} JetStream does not answer */
  ask<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createJetStreamAccess({ natsUrl }: { natsUrl: string }): JetStreamAccess {
  let jetStream: JetStreamConnection | undefined;

  return {
    async connect(name, logger) {
      jetStream = await connectJetStream({ natsUrl, name, logger });
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
      await jetStream?.close();
      jetStream = undefined;
    },
  };
}
