import type { Msg, NatsConnection } from "nats";

/** One delivery from a pull consumer, with the answers that JetStream knows (its ack protocol, NATS ADR-13 and ADR-15). */
export interface JetStreamMessage {
  readonly body: Uint8Array;
  header(name: string): string | undefined;
  /** How often the message was delivered, this time included. */
  readonly tries: number;
  /** The subject that the message was published to. */
  readonly subject: string;
  readonly stream: string;
  /** Its place in the stream. */
  readonly sequence: number;
  /** Tells this stored message from every other, also from copies of it and in a stream that was made anew. */
  readonly copy: string;
  /** Done, and the server has said that it knows. @throws {NatsError} it did not answer: the message comes again */
  ack(): Promise<void>;
  /** Not now: deliver it again after the delay. */
  nak(delayMs: number): void;
  /** Still working: start the wait for an answer anew, if there is a server to tell. */
  working(): void;
}

/** Whether a message comes from a consumer: anybody on the server may send to an inbox. */
export function isDelivery({ reply }: Msg): boolean {
  return reply?.startsWith("$JS.ACK.") ?? false;
}

/** @param message one for which {@link isDelivery} holds */
export function toJetStreamMessage(connection: NatsConnection, message: Msg): JetStreamMessage {
  const reply = message.reply ?? "";
  return {
    subject: message.subject,
    body: message.data,
    header: (name) => message.headers?.get(name) || undefined,
    ...placeOf(reply),
    ack: async () => {
      await connection.request(reply, "+ACK", { timeout: 2_000 });
    },
    nak: (delayMs) =>
      connection.publish(reply, `-NAK ${JSON.stringify({ delay: Math.round(delayMs * 1e6) })}`),
    working: () => {
      if (!connection.isClosed()) connection.publish(reply, "+WPI");
    },
  };
}

/** What an ack subject tells: 9 tokens, or 11 and more where domain and account come first. */
function placeOf(reply: string) {
  const tokens = reply.split(".");
  const [stream = "", , tries, sequence, , publishedNs] = tokens.slice(tokens.length > 9 ? 4 : 2);
  return { stream, tries: Number(tries), sequence: Number(sequence), copy: `${sequence}-${publishedNs}` };
}
