/**
 * What every service with durable messages can be asked about them. The reconciler and the operators' routes use it;
 * `durableMessages` answers it.
 */
import { z } from "zod";
import { call, defineContract } from "../../contracts/define-contract.ts";
import { OrderId } from "../../contracts/shapes.ts";

const OrderIds = z.array(OrderId).min(1).max(100);

/** A message that a service's outbox holds. */
const OutboxEntry = z.strictObject({ eventId: z.string(), type: z.string(), orderId: z.string() });
export type OutboxEntry = z.output<typeof OutboxEntry>;

/** A message that a consumer has not handled (yet). */
const MissingEntry = OutboxEntry.extend({
  consumer: z.string(),
  /** The consumer has given it up: it is a dead letter, and no copy of it has an effect. */
  isDead: z.boolean(),
});
export type MissingEntry = z.output<typeof MissingEntry>;

/** A dead letter's original message: as it was published, with the headers that tell its request. */
const DeadMessage = z.strictObject({
  consumer: z.string(),
  body: z.string(),
  headers: z.record(z.string(), z.string()),
});

/** Made once: every service has the same. */
const calls = {
  /** The messages of these orders in this service's outbox. */
  messagesOf: call({
    params: z.strictObject({ orderIds: OrderIds }),
    result: z.strictObject({ messages: z.array(OutboxEntry) }),
    idempotent: true,
  }),
  /** Which of these messages a consumer of this service should have handled and has not. */
  missingOf: call({
    params: z.strictObject({ messages: z.array(OutboxEntry).max(5_000) }),
    result: z.strictObject({ missing: z.array(MissingEntry) }),
    idempotent: true,
  }),
  /** Publishes all outbox messages of these orders again: same event ids, harmless by the inbox. */
  publishAgain: call({
    params: z.strictObject({ orderIds: OrderIds }),
    result: z.strictObject({ published: z.int() }),
    idempotent: true,
  }),
  /** Hands a dead letter to the one consumer that failed; again has no second effect. Errors: UNKNOWN_CONSUMER, or the handler's own. */
  replayMessage: call({ params: DeadMessage, result: z.strictObject({}), idempotent: true }),
  /** Notes in the one consumer's inbox that a message is never to be handled. Errors: UNKNOWN_CONSUMER. */
  discardMessage: call({
    params: z.strictObject({ consumer: z.string(), eventId: z.string(), orderId: z.string() }),
    result: z.strictObject({}),
    idempotent: true,
  }),
};

/**
 * The messaging calls of one service, for example `inventory.messagesOf`.
 * @param service the service's name
 */
export function messagingContract<const S extends string>(service: S) {
  return defineContract(service, { calls, events: {}, commands: {} });
}
