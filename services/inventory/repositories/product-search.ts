import { setImmediate } from "node:timers/promises";
import { type Page, readPage, toCursor, withinBytes } from "../../../mixins/persistence/page.ts";
import type { Collection, Store } from "../../../mixins/persistence/store.ts";

/** A catalogue row as far as the search looks at it. */
type Searched = { readonly sku: string; readonly name: string };

/** The store knows no substrings: this many rows are read at once while the search picks among them. */
const SCAN_ROWS = 200;

/**
 * A page of the rows whose sku or name contains `q`, whatever its case.
 * @param by as in `readPage`
 * @throws {BadCursor}
 */
export async function searchPage<T extends Searched>(
  store: Pick<Store, "find">,
  rows: Collection<T>,
  { q, by, limit, cursor }: { q: string; by: string; limit: number; cursor?: string | undefined },
): Promise<Page<T>> {
  const part = q.toLowerCase();
  const found: T[] = [];
  let next: string | null | undefined = cursor;
  do {
    const page: Page<T> = await readPage(store, rows, { by, limit: SCAN_ROWS, cursor: next });
    found.push(
      ...page.items.filter(({ sku, name }) => [sku, name].some((text) => text.toLowerCase().includes(part))),
    );
    next = page.nextCursor;
    // A search that finds little reads much: others get their turn between two pages of it.
    await setImmediate();
  } while (next !== null && found.length <= limit);
  const items = withinBytes(found.slice(0, limit));
  const last = items.at(-1);
  return { items, nextCursor: found.length > items.length && last ? toCursor(rows, by, last) : null };
}
