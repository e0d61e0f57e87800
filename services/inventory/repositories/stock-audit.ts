import { setImmediate as yieldToOthers } from "node:timers/promises";
import { type Page, readPage } from "../../../mixins/persistence/page.ts";
import {
  CommitConflict,
  collection,
  insert,
  replace,
  type Store,
} from "../../../mixins/persistence/store.ts";
import type { AuditedStock } from "../domain/stock-audit.ts";
import { movementRows } from "./movements.ts";
import { reservationRows } from "./reservations.ts";
import { stockRows } from "./stock.ts";

/** What the movements of one sku add up to before a time, so that the next audit need not add them up again. */
type StockSum = {
  readonly sku: string;
  readonly version: number;
  /** RFC 3339; movements from then on are not in. */
  readonly before: string;
  readonly onHand: number;
  readonly reserved: number;
};

export const stockSums = collection<StockSum>({ name: "stock_sums", key: "sku" });

/** A movement is in the store so soon after the time that it tells. One that is late is found by adding up all. */
const LATE_MS = 60_000;
/** So many movements are added up again rather than written down. */
const WORTH_KEEPING = 200;
const ROWS_AT_ONCE = 500;
const MOST_HELD = 2_000;

type Sum = Pick<StockSum, "onHand" | "reserved">;
type Level = AuditedStock["level"];

export type StockAudit = ReturnType<typeof createStockAudit>;

/** Reads what a stock level must agree with. */
export function createStockAudit({ store }: { store: Pick<Store, "get" | "find" | "commit"> }) {
  /** What changes whenever the stock of a sku does: its level, and its newest movement. */
  async function look(sku: string): Promise<{ level: Level | undefined; mark: string }> {
    const [level, [newest]] = await Promise.all([
      store.get(stockRows, sku),
      store.find(movementRows, { where: { sku }, orderBy: [{ field: "at", direction: "desc" }], limit: 1 }),
    ]);
    return { level, mark: JSON.stringify([level, newest?.id]) };
  }

  /** The units of each sku that held reservations take; undefined when there are too many. */
  async function heldUnits(): Promise<ReadonlyMap<string, number> | undefined> {
    const held = await store.find(reservationRows, { where: { status: "held" }, limit: MOST_HELD + 1 });
    if (held.length > MOST_HELD) return undefined;
    const units = new Map<string, number>();
    for (const { sku, quantity } of held.flatMap(({ lines }) => lines))
      units.set(sku, (units.get(sku) ?? 0) + quantity);
    return units;
  }

  async function ledgerSum(
    sku: string,
    { nowMs, recount }: { nowMs: number; recount: boolean },
  ): Promise<Sum> {
    const kept = await store.get(stockSums, sku);
    const known = recount ? undefined : kept;
    const before = new Date(nowMs - LATE_MS).toISOString();
    let all: Sum = { onHand: known?.onHand ?? 0, reserved: known?.reserved ?? 0 };
    let old = all;
    let added = 0;
    let cursor: string | null = null;
    do {
      const page: Page<Movement> = await movementsSince(sku, known?.before, cursor);
      for (const movement of page.items) {
        all = plus(all, movement);
        if (movement.at >= before) continue;
        old = plus(old, movement);
        added += 1;
      }
      cursor = page.nextCursor;
      if (cursor) await yieldToOthers();
    } while (cursor);
    if (recount || added >= WORTH_KEEPING) await keep(kept, { sku, before, ...old });
    return all;
  }

  function movementsSince(sku: string, since = "", cursor: string | null): Promise<Page<Movement>> {
    return readPage(store, movementRows, {
      where: { sku },
      by: "at",
      direction: "asc",
      within: { gte: since },
      limit: ROWS_AT_ONCE,
      cursor,
    });
  }

  async function keep(kept: StockSum | undefined, sum: Omit<StockSum, "version">): Promise<void> {
    const row = { ...sum, version: (kept?.version ?? 0) + 1 };
    try {
      await store.commit([kept ? replace(stockSums, row, kept) : insert(stockSums, row)]);
    } catch (error) {
      // Another audit was faster: its sum is as good.
      if (!(error instanceof CommitConflict)) throw error;
    }
  }

  return {
    /** A page of the skus that have a stock level. */
    async skus(page: { limit: number; cursor?: string | undefined }) {
      const { items, nextCursor } = await readPage(store, stockRows, { by: "sku", ...page });
      return { skus: items.map(({ sku }) => sku), nextCursor };
    },

    /**
     * What is known of each sku; those that changed meanwhile are left out.
     * @param recount adds up all movements, also those whose sum is kept
     */
    async read(
      skus: readonly string[],
      how: { nowMs: number; recount: boolean },
    ): Promise<Map<string, AuditedStock>> {
      const before = await Promise.all(skus.map(look));
      const held = await heldUnits();
      const ledgers = await Promise.all(skus.map((sku) => ledgerSum(sku, how)));
      const after = await Promise.all(skus.map(look));
      return new Map(
        skus.flatMap((sku, index) => {
          const { level, mark } = after[index] as Awaited<ReturnType<typeof look>>;
          if (!level || before[index]?.mark !== mark) return [];
          return [[sku, { level, ledger: ledgers[index] as Sum, held: held && (held.get(sku) ?? 0) }]];
        }),
      );
    },
  };
}

type Movement = NonNullable<(typeof movementRows)["document"]>;

function plus({ onHand, reserved }: Sum, { onHandDelta, reservedDelta }: Movement): Sum {
  return { onHand: onHand + onHandDelta, reserved: reserved + reservedDelta };
}
