/** What every service with durable messages does to keep its store small, when it is asked. */
import { z } from "zod";
import { call, defineContract } from "../../contracts/define-contract.ts";
import { OrderId, PageParams } from "../../contracts/shapes.ts";

/** Rows that go once they are old and their order is settled. */
const MessageRows = z.enum(["outbox", "inbox"]);
export type MessageRows = z.output<typeof MessageRows>;

/** Each does a bounded piece of work. */
const calls = {
  /** A page of the orders that have old rows here, the oldest first. */
  listOldOrders: call({
    params: z.strictObject({ rows: MessageRows, ...PageParams }),
    result: z.strictObject({ orderIds: z.array(OrderId), nextCursor: z.string().nullable() }),
    idempotent: true,
  }),
  /** Removes the old rows of these orders, which are settled. */
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
