import { adjust, collection, insert, type Store, type Write } from "../../../mixins/persistence/store.ts";
import { type Availability, levelDelta, type StockChange, stockLevelOf } from "../domain/stock.ts";

/** The hot numbers of one sku: only ever adjusted, so that neighbours don't conflict. */
type StockRow = {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
};

export const stockRows = collection<StockRow>({ name: "stock", key: "sku" });

/** What is available of each known sku; a snapshot. */
export async function availabilityOf(
  store: Pick<Store, "get">,
  skus: readonly string[],
): Promise<Availability> {
  const rows = await Promise.all(skus.map((sku) => store.get(stockRows, sku)));
  return new Map(rows.flatMap((row) => (row ? [[row.sku, row.available]] : [])));
}

/** The first stock level of a sku. */
export function openStock(sku: string, movements: readonly StockChange[]): Write {
  return insert(stockRows, { sku, ...stockLevelOf(movements) });
}

/** Adds a movement to its stock level; conflicts (`negative`) where less than nothing would be left. */
export function adjustStock(movement: StockChange): Write {
  return adjust(stockRows, movement.sku, { ...levelDelta(movement) });
}
