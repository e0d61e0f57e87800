import { connect, type NatsConnection } from "nats";
import { natsOptions } from "../../mixins/transport/nats-options.ts";
import { CannotDo } from "../command.ts";

const CONNECT_TIMEOUT_MS = 2_000;

/**
 * A connection to NATS for a short task: it is not restored when it breaks.
 * @param natsUrl see {@link natsOptions}
 * @throws {NatsError} nobody answers there, or refuses the credentials
 */
export async function connectNats(natsUrl: string): Promise<NatsConnection> {
  return await connect({ ...natsOptions(natsUrl), reconnect: false, timeout: CONNECT_TIMEOUT_MS });
}

/** @throws {CannotDo} the server of NATS_URL is not there, or lacks JetStream */
export async function checkNats(natsUrl: string): Promise<void> {
  const connection = await connectNats(natsUrl).catch((error) => {
    throw new CannotDo(
      `The server of NATS_URL does not take us (${error.message}): start it, set another, or unset NATS_URL.`,
    );
  });
  const hasJetStream = connection.info?.jetstream;
  await connection.close();
  if (!hasJetStream) throw new CannotDo("The server of NATS_URL has no JetStream: start it with `-js`.");
}
