import type { Msg, NatsConnection } from "nats";

/** One delivery from a pull consumer, with the answers that JetStream knows (its ack protocol, NATS ADR-13 and ADR-15). */
export interface JetStreamMessage {
  readonly body: Uint8Array;
  header(name: string): string | undefined;
  /** How often the message was delivered, this time included. */
  readonly tries: number;
  /** Done, and the server has said that it knows. @throws {NatsError} it did not answer: the message comes again */
  ack(): Promise<void>;
  /** Not now: deliver it again after the delay. */
  nak(delayMs: number): void;
  /** Still working: start the wait for an answer anew. */
  working(): void;
}

/** @throws {Error} the message does not come from a consumer */
export function toJetStreamMessage(connection: NatsConnection, message: Msg): JetStreamMessage {
  const reply = message.reply;
  if (!reply?.startsWith("$JS.ACK.")) throw new Error(`Not a delivery of a consumer: ${message.subject}`);
  return {
    body: message.data,
    header: (name) => message.headers?.get(name) || undefined,
    tries: deliveriesOf(reply),
    ack: async () => {
      await connection.request(reply, "+ACK", { timeout: 2_000 });
    },
    nak: (delayMs) =>
      connection.publish(reply, `-NAK ${JSON.stringify({ delay: Math.round(delayMs * 1e6) })}`),
    working: () => connection.publish(reply, "+WPI"),
  };
}

/** The count of deliveries from an ack subject: 9 tokens, or 11 and more where domain and account come first. */
function deliveriesOf(reply: string): number {
  const tokens = reply.split(".");
  return Number(tokens.length > 9 ? tokens[6] : tokens[4]);
}
