import { headers, type NatsConnection } from "nats";
import { encodeRequest } from "../../mixins/messaging/headers.ts";
import type { OutgoingMessage } from "../../mixins/messaging/message.ts";
import { subjectOf } from "../../mixins/messaging/streams.ts";

/** Publishes a message as a producer's outbox does, as part of the request `requestId`; twice means two deliveries. */
export async function publishMessage(
  connection: NatsConnection,
  { kind, message }: OutgoingMessage,
  { requestId = "req-test" } = {},
): Promise<void> {
  await publishBody(connection, subjectOf(kind, message.type, message.subject), JSON.stringify(message), {
    requestId,
  });
}

/** Publishes any body, such as a poisoned one. */
export async function publishBody(
  connection: NatsConnection,
  subject: string,
  body: string,
  { requestId = "req-test" } = {},
): Promise<void> {
  await connection.jetstream().publish(subject, body, { headers: encodeRequest(headers(), { requestId }) });
}

/** Whether a durable consumer has answered for everything that was published to it. */
export async function hasAnswered(
  connection: NatsConnection,
  { stream, consumer }: { stream: "EVENTS" | "COMMANDS"; consumer: string },
): Promise<boolean> {
  const manager = await connection.jetstreamManager();
  const { num_pending, num_ack_pending } = await manager.consumers.info(stream, consumer);
  return num_pending === 0 && num_ack_pending === 0;
}
