/** What every service with durable messages does to keep its store small, when it is asked. */
import { z } from "zod";
import { call, defineContract } from "../../contracts/define-contract.ts";
import { OrderId, PageParams } from "../../contracts/shapes.ts";
import { STREAM_MAX_AGE_MS } from "../messaging/streams.ts";

const DAY_MS = 24 * 3_600_000;

/** Rows that go once they are old and their order is settled. */
const MessageRows = z.enum(["outbox", "inbox"]);
export type MessageRows = z.output<typeof MessageRows>;

/**
 * How long rows stay after they were made and their order was settled, in milliseconds. Until then copies of a message
 * are published from its outbox row; an inbox row, which keeps them from a second effect, outlives every copy in the streams.
 */
export const keepMs: Readonly<Record<MessageRows, number>> = {
  outbox: DAY_MS,
  inbox: STREAM_MAX_AGE_MS + DAY_MS,
};

/** Each does a bounded piece of work. */
const calls = {
  /** A page of the orders that have old rows here, the oldest first. */
  listOldOrders: call({
    params: z.strictObject({ rows: MessageRows, ...PageParams }),
    result: z.strictObject({ orderIds: z.array(OrderId), nextCursor: z.string().nullable() }),
    idempotent: true,
  }),
  /** Removes the old rows of these orders, which have been settled for as long as the rows are kept. */
  cleanUp: call({
    params: z.strictObject({ rows: MessageRows, orderIds: z.array(OrderId).max(100) }),
    result: z.strictObject({ removed: z.int() }),
    idempotent: true,
  }),
  /** Removes some of what is useless by its age alone; `more`: ask again. */
  forgetOld: call({
    params: z.strictObject({}),
    result: z.strictObject({ removed: z.int(), more: z.boolean() }),
    idempotent: true,
  }),
};

/**
 * The clean-up calls of one service, for example `inventory.cleanUp`.
 * @param service the service's name
 */
export function retentionContract<const S extends string>(service: S) {
  return defineContract(service, { calls, events: {}, commands: {} });
}
