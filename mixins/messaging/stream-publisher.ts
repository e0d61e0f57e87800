import { setTimeout as delay } from "node:timers/promises";
import { ErrorCode, type JetStreamPublishOptions, NatsError } from "nats";
import { DependencyUnavailable } from "../errors.ts";
import type { JetStreamConnection } from "./jetstream-connection.ts";
import { ensureStreams } from "./streams.ts";

const TIMEOUT_MS = 5_000;
/** A server that is still removing a stream's files would remove those of the new one too. */
const MEND_PAUSE_MS = 500;

/**
 * Publishes a message; resolves once its stream has acknowledged it.
 * @throws {NatsError} the stream refused it (full), or did not answer
 * @throws {DependencyUnavailable} the link is down: it may have been stored
 */
export type PublishToStream = (
  subject: string,
  body: string | Uint8Array,
  options: Pick<JetStreamPublishOptions, "msgID" | "headers">,
) => Promise<unknown>;

/**
 * Publishes into streams, and makes a stream anew that is missing. The client alone would keep what it is given while
 * the link is down, and wait the whole time for an answer that was lost with the link: here both fail at once.
 */
export function createStreamPublisher({
  client,
  untilReady,
  onDisconnect,
  onReconnect,
}: Pick<JetStreamConnection, "client" | "untilReady" | "onDisconnect" | "onReconnect">): PublishToStream {
  const unanswered = new Set<(error: Error) => void>();
  let isAway = false;
  let mending: Promise<void> | undefined;
  onReconnect(() => {
    isAway = false;
  });
  onDisconnect(() => {
    isAway = true;
    for (const fail of unanswered) fail(linkDown());
  });

  async function publish(...message: Parameters<PublishToStream>): Promise<unknown> {
    const [subject, body, options] = message;
    const send = () => client.publish(subject, body, { ...options, timeout: TIMEOUT_MS });
    try {
      return await send();
    } catch (error) {
      if (!isStreamMissing(error)) throw error;
      await mend();
      return await send();
    }
  }

  function mend(): Promise<void> {
    mending ??= delay(MEND_PAUSE_MS)
      .then(() => untilReady(ensureStreams))
      .finally(() => {
        mending = undefined;
      });
    return mending;
  }

  return (...message) => {
    if (isAway) return Promise.reject(linkDown());
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    unanswered.add(reject);
    publish(...message)
      .then(resolve, reject)
      .finally(() => unanswered.delete(reject));
    return promise;
  };
}

function isStreamMissing(error: unknown): boolean {
  return error instanceof NatsError && error.code === ErrorCode.NoResponders;
}

function linkDown(): Error {
  return new DependencyUnavailable("NATS is away");
}
