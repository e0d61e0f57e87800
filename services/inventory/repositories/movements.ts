import { newId } from "../../../contracts/ids.ts";
import { currentRequest } from "../../../mixins/observability/request-context.ts";
import { readPage } from "../../../mixins/persistence/page.ts";
import { collection, insert, type Store, type Write } from "../../../mixins/persistence/store.ts";
import { inventory, type StockMovement } from "../contract.ts";
import type { StockChange } from "../domain/stock.ts";
import { adjustStock } from "./stock.ts";

/** The stock ledger: rows are only ever added. */
export const movementRows = collection<StockMovement>({
  name: "movements",
  key: "id",
  fields: { sku: "text", at: "text" },
  indexes: [["sku", "at"]],
});

/** A movement of an order has the same id each time, so that a repeated effect conflicts instead of doubling. */
export function orderMovement(change: StockChange, orderId: string, nowMs: number): StockMovement {
  const id = `mov_${orderId}_${change.sku}_${change.kind}`;
  return { id, ...change, orderId, ...cause(nowMs) };
}

/** A movement that no order caused, such as a receipt. */
export function plainMovement(
  change: StockChange & Pick<StockMovement, "note">,
  nowMs: number,
): StockMovement {
  return { id: newId("mov", nowMs), ...change, ...cause(nowMs) };
}

/** Who and what made a movement: the request that the running code serves, or this service by itself. */
function cause(nowMs: number): Pick<StockMovement, "by" | "requestId" | "at"> {
  const request = currentRequest();
  return {
    by: request?.user?.id ?? inventory.service,
    requestId: request?.requestId ?? newId("req", nowMs),
    at: new Date(nowMs).toISOString(),
  };
}

/** Adds a row to the ledger alone, for a stock level that starts with it; conflicts (`exists`) when it is there. */
export function addToLedger(movement: StockMovement): Write {
  return insert(movementRows, movement);
}

/** Adds a row to the ledger and to its stock level, which are one thing. */
export function recordMovement(movement: StockMovement): Write[] {
  return [addToLedger(movement), adjustStock(movement)];
}

export type Movements = ReturnType<typeof createMovements>;

/** The stock ledger of the products. */
export function createMovements({ store }: { store: Pick<Store, "get" | "find" | "commit"> }) {
  return {
    /** @param bound a write that belongs to the same batch */
    record: (movement: StockMovement, bound: Write) => store.commit([...recordMovement(movement), bound]),

    /** One row; movements are never removed. */
    get: async (id: string) => (await store.get(movementRows, id)) as StockMovement,

    /** The movements of one sku, newest first. */
    list: ({ sku, limit, cursor }: { sku: string; limit: number; cursor?: string | undefined }) =>
      readPage(store, movementRows, { where: { sku }, by: "at", limit, cursor }),
  };
}
