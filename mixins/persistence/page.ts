import { z } from "zod";
import { DomainError } from "../errors.ts";
import type { Collection, Document, Query, Store } from "./store.ts";

/** The cursor is not one that a page gave. */
export class BadCursor extends DomainError {
  readonly code = "BAD_CURSOR";
  constructor() {
    super("The cursor is not one that a page gave");
  }
}

export interface Page<T> {
  readonly items: T[];
  /** Where the next page starts; null on the last one. */
  readonly nextCursor: string | null;
}

interface PageQuery {
  /** As in {@link Query}, without the field of `by`. */
  readonly where?: NonNullable<Query["where"]>;
  /** A declared field, or the key, that grows with time. Every document has it, unless `within` is given. */
  readonly by: string;
  /** Newest (`desc`) or oldest first. */
  readonly direction?: "asc" | "desc";
  /** The values of `by` that count; documents without `by` do not. */
  readonly within?: { readonly gte?: string | number; readonly lte?: string | number };
  /** At least 1. */
  readonly limit: number;
  /** The `nextCursor` of the page before; none for the first page. */
  readonly cursor?: string | null | undefined;
}

/** A page ends early rather than be too large for one message: NATS takes 1 MB. */
const PAGE_BYTES = 512_000;

/** The place of a page's last item: its value of `by`, and its key. */
type Place = readonly [value: string | number, key: string];

/**
 * One page, newest first unless asked otherwise. What is added between two pages neither moves nor doubles an item. An
 * index on the fields of `where` followed by `by` serves it.
 * @throws {BadCursor}
 */
export async function readPage<T extends Document>(
  store: Pick<Store, "find">,
  collection: Collection<T>,
  { where = {}, by, direction = "desc", within, limit, cursor }: PageQuery,
): Promise<Page<T>> {
  if (by in where) throw new TypeError(`A page by ${by} cannot filter on it too`);
  const place = cursor == null ? undefined : readCursor(collection, by, cursor);
  // One more than asked for tells whether there is a next page.
  const query = { where, by, direction, ...(within ? { within } : {}), limit: limit + 1 };
  const found = await findAfter(store, collection, query, place);
  const items = withinBytes(found.slice(0, limit));
  const last = items.at(-1);
  return { items, nextCursor: found.length > items.length && last ? toCursor(collection, by, last) : null };
}

/** The first of these items that fit into one message, and at least one. */
export function withinBytes<T>(items: readonly T[]): T[] {
  let bytes = 0;
  return items.filter((item, index) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return index === 0 || bytes <= PAGE_BYTES;
  });
}

async function findAfter<T extends Document>(
  store: Pick<Store, "find">,
  collection: Collection<T>,
  { where = {}, by, direction = "desc", within, limit }: Omit<PageQuery, "cursor">,
  place: Place | undefined,
): Promise<T[]> {
  const orderBy = [{ field: by, direction }] as const;
  if (!place)
    return store.find(collection, { where: within ? { ...where, [by]: within } : where, orderBy, limit });
  const [value, key] = place;
  const after = (than: string | number) => (direction === "desc" ? { lt: than } : { gt: than });
  const later = { where: { ...where, [by]: { ...within, ...after(value) } }, orderBy };
  if (by === collection.key) return store.find(collection, { ...later, limit });
  // "Of the same time with a key behind, or behind" is no single filter of the port.
  const sameTime = await store.find(collection, {
    where: { ...where, [by]: value, [collection.key]: after(key) },
    orderBy,
    limit,
  });
  if (sameTime.length === limit) return sameTime;
  return [...sameTime, ...(await store.find(collection, { ...later, limit: limit - sameTime.length }))];
}

/** The cursor of the page that starts after an item, for lists that pick among what the store finds. */
export function toCursor<T extends Document>(collection: Collection<T>, by: string, last: T): string {
  return Buffer.from(JSON.stringify([last[by], last[collection.key]])).toString("base64url");
}

function readCursor(collection: Pick<Collection, "fields" | "key">, by: string, cursor: string): Place {
  const isText = by === collection.key || collection.fields[by] === "text";
  const place = z.tuple([isText ? z.string() : z.number(), z.string()]);
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw new BadCursor();
  }
}
