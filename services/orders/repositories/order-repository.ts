import { createMessage } from "../../../mixins/messaging/message.ts";
import type { Batch, Outbox } from "../../../mixins/messaging/outbox.ts";
import { readPage } from "../../../mixins/persistence/page.ts";
import { retryOnConflict } from "../../../mixins/persistence/retry-on-conflict.ts";
import {
  CommitConflict,
  collection,
  insert,
  replace,
  type Store,
  type Write,
} from "../../../mixins/persistence/store.ts";
import type { OrderStatus } from "../contract.ts";
import { OrderNotFound } from "../domain/errors.ts";
import type { Changed, OrderRecord } from "../domain/order-record.ts";
import { settle } from "../domain/settle.ts";

export const orderRecords = collection<OrderRecord>({
  name: "orders",
  key: "id",
  fields: { number: "number", status: "text", customerId: "text", settleFrom: "number" },
  indexes: [["customerId", "id"], ["status", "id"], ["settleFrom"]],
  unique: [["number"]],
});

export type OrderRepository = ReturnType<typeof createOrderRepository>;

/** Orders as the domain sees them; a change, its messages and the inbox row of its cause are one batch. */
export function createOrderRepository({
  store,
  outbox,
  clock,
}: {
  store: Pick<Store, "get" | "find">;
  outbox: Pick<Outbox, "commit">;
  clock: () => number;
}) {
  /** @throws {OrderNotFound} */
  async function get(orderId: string): Promise<OrderRecord> {
    const order = await store.get(orderRecords, orderId);
    if (!order) throw new OrderNotFound(orderId);
    return order;
  }

  async function commit(
    { order, messages }: Changed,
    write: Write,
    more: Partial<Pick<Batch, "writes" | "delivery">>,
  ) {
    const { id: subject, version } = order;
    await outbox.commit({
      writes: [write, ...(more.writes ?? [])],
      messages: messages.map(({ type, data }) =>
        createMessage(type, { subject, version, data, nowMs: clock() }),
      ),
      delivery: more.delivery,
    });
    return order;
  }

  return {
    get,

    /** A page of orders, newest first. */
    list: ({
      status,
      customerId,
      limit,
      cursor,
    }: {
      status?: OrderStatus | undefined;
      customerId?: string | undefined;
      limit: number;
      cursor?: string | undefined;
    }) =>
      readPage(store, orderRecords, {
        where: { ...(status ? { status } : {}), ...(customerId ? { customerId } : {}) },
        by: "id",
        limit,
        cursor,
      }),

    /** A page of the orders that may not be settled at a time (Unix ms), the longest unchanged first. */
    listUnsettled: ({
      nowMs,
      limit,
      cursor,
    }: {
      nowMs: number;
      limit: number;
      cursor?: string | undefined;
    }) =>
      readPage(store, orderRecords, {
        by: "settleFrom",
        direction: "asc",
        within: { lte: nowMs },
        limit,
        cursor,
      }),

    /** Those of the orders that exist. */
    async findAll(orderIds: readonly string[]): Promise<OrderRecord[]> {
      const found = await Promise.all(orderIds.map((orderId) => store.get(orderRecords, orderId)));
      return found.filter((order) => order !== undefined);
    },

    /**
     * Settles an order, if it is still at `version`; answers whether it did. The stored version stays: what changes the
     * order at the same time makes it unsettled again.
     */
    async settle(orderId: string, { version }: { version: number }): Promise<boolean> {
      const order = await store.get(orderRecords, orderId);
      const settled = order && settle(order, { version, nowMs: clock() });
      if (!settled) return false;
      try {
        await outbox.commit({ writes: [replace(orderRecords, settled, { version })] });
        return true;
      } catch (error) {
        if (error instanceof CommitConflict) return false;
        throw error;
      }
    },

    /**
     * Stores a new order with what must be bound to it.
     * @throws {CommitConflict} the id, the number or one of `writes` is there already
     */
    add: (changed: Changed, { writes }: { writes: Write[] }) =>
      commit(changed, insert(orderRecords, changed.order), { writes }),

    /**
     * Reads, decides and stores; on a conflict reads and decides again.
     * @param decide pure; answers the order itself when nothing is to be changed: then nothing at all is written
     * @param more what belongs into the same batch
     * @throws {OrderNotFound}
     * @throws {AlreadyHandled} the delivery had its effect before
     */
    change: (
      orderId: string,
      decide: (order: OrderRecord) => Changed,
      more: Partial<Pick<Batch, "writes" | "delivery">> = {},
    ) =>
      retryOnConflict(async () => {
        const order = await get(orderId);
        const changed = decide(order);
        if (changed.order === order) return order;
        return commit(changed, replace(orderRecords, changed.order, { version: order.version }), more);
      }),
  };
}
