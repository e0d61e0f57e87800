import { InvalidShape } from "../../../mixins/errors.ts";
import type { Collection, Query, Store } from "../../../mixins/persistence/store.ts";

/** A document that lists show; `position` is a time-ordered id, its place in them. */
type Listed = { readonly position: string };

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const POSITION = /^[a-z]{3}_[0-9a-f]{32}$/;
/** Rows read at once while a filter that the store does not know picks among them. */
const SCAN_ROWS = 200;

/**
 * One page, newest first. The next page starts after the last item, whatever was added meanwhile.
 * @param matches picks among what the store finds; it is read until the page is full
 * @throws {InvalidShape} the cursor is not one that a page gave
 */
export async function findPage<T extends Listed>(
  store: Pick<Store, "find">,
  collection: Collection<T>,
  {
    where = {},
    limit,
    cursor,
    matches,
  }: PageRequest & { where?: NonNullable<Query["where"]>; matches?: (row: T) => boolean },
): Promise<{ items: T[]; nextCursor: string | null }> {
  if (cursor !== undefined && !POSITION.test(cursor))
    throw new InvalidShape([{ path: "cursor", message: "must be the nextCursor of an earlier page" }]);
  const found: T[] = [];
  const batch = matches ? SCAN_ROWS : limit + 1;
  for await (const row of rowsAfter(cursor)) {
    if (matches && !matches(row)) continue;
    found.push(row);
    if (found.length > limit) break;
  }
  const items = found.slice(0, limit);
  return { items, nextCursor: found.length > limit ? (items.at(-1)?.position ?? null) : null };

  async function* rowsAfter(start: string | undefined): AsyncGenerator<T> {
    let after = start;
    for (let more = true; more; ) {
      const rows: T[] = await store.find(collection, {
        where: after === undefined ? where : { ...where, position: { lt: after } },
        orderBy: [{ field: "position", direction: "desc" }],
        limit: batch,
      });
      yield* rows;
      more = rows.length === batch;
      after = rows.at(-1)?.position;
    }
  }
}
