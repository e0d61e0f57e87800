import type { ServiceSchema } from "moleculer";
import { OrderId } from "../../contracts/shapes.ts";
import { answerCalls } from "../calls.ts";
import { answers } from "../messaging/notes.ts";
import { inboxRows, outboxRows } from "../messaging/outbox.ts";
import { readPage } from "../persistence/page.ts";
import { type Collection, type Document, remove, type Store } from "../persistence/store.ts";
import { keepMs, type MessageRows, retentionContract } from "./contract.ts";

const ROWS_AT_ONCE = 500;

/** Rows that go by their age alone. */
export interface Aging {
  readonly collection: Collection;
  /** An indexed field with a Unix time in milliseconds. */
  readonly by: string;
  readonly keepMs: number;
}

interface MessageRowsOf {
  readonly collection: Collection;
  readonly by: string;
  readonly keepMs: number;
  readonly mayGo: (row: Document) => boolean;
}

const messageRows: Readonly<Record<MessageRows, MessageRowsOf>> = {
  outbox: {
    collection: outboxRows,
    by: "createdAt",
    keepMs: keepMs.outbox,
    mayGo: ({ pending }) => pending === 0,
  },
  inbox: {
    collection: inboxRows,
    by: "handledAt",
    keepMs: keepMs.inbox,
    mayGo: () => true,
  },
};

const agingMessages: readonly Aging[] = [{ collection: answers, by: "at", keepMs: keepMs.inbox }];

/**
 * Mixin: a service cleans its own store when the worker's job asks it to; answers the calls of
 * `retentionContract(service)`.
 * @param aging further collections whose rows go by their age
 * @param clock Unix time in milliseconds
 */
export function retention({
  service,
  store,
  aging = [],
  clock = Date.now,
}: {
  service: string;
  store: Pick<Store, "find" | "commit">;
  aging?: readonly Aging[];
  clock?: () => number;
}): Partial<ServiceSchema> {
  return {
    actions: answerCalls(retentionContract(service).calls, {
      async listOldOrders({ rows, ...page }) {
        const { collection, by, keepMs } = messageRows[rows];
        const within = { lte: clock() - keepMs };
        const old = await readPage(store, collection, { by, direction: "asc", within, ...page });
        const subjects = new Set(old.items.map(({ subject }) => subject as string));
        return { orderIds: [...subjects].filter(isOrderId), nextCursor: old.nextCursor };
      },

      async cleanUp({ rows, orderIds }) {
        const { collection, by, keepMs, mayGo } = messageRows[rows];
        const where = { [by]: { lte: clock() - keepMs } };
        const found = await Promise.all(
          orderIds.map((subject) => store.find(collection, { where: { subject, ...where } })),
        );
        return { removed: await removeAll(collection, found.flat().filter(mayGo)) };
      },

      async forgetOld() {
        const removed = await Promise.all(
          [...agingMessages, ...aging].map(async ({ collection, by, keepMs }) => {
            const where = { [by]: { lte: clock() - keepMs } };
            return removeAll(collection, await store.find(collection, { where, limit: ROWS_AT_ONCE }));
          }),
        );
        return {
          removed: removed.reduce((sum, count) => sum + count, 0),
          more: removed.includes(ROWS_AT_ONCE),
        };
      },
    }),
  };

  async function removeAll(collection: Collection, rows: readonly Document[]): Promise<number> {
    await store.commit(rows.map((row) => remove(collection, row[collection.key] as string)));
    return rows.length;
  }
}

function isOrderId(subject: string): boolean {
  return OrderId.safeParse(subject).success;
}
