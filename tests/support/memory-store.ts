/**
 * The store port in memory, without durability. A `MemoryDatabase` answers at once, so that a simulation can place each
 * read and commit in time; `createMemoryStore` is a process's way to it.
 */
import {
  type Collection,
  CommitConflict,
  type ConnectedStore,
  type Document,
  type Query,
  type Store,
  StoreUnavailable,
  type Write,
} from "../../mixins/persistence/store.ts";
import { compareBy, matcherOf } from "./memory-query.ts";

/** What a commit did to one document; both are deeply frozen. */
export interface Change {
  readonly collection: Collection;
  readonly before: Document | undefined;
  readonly after: Document | undefined;
}

/** The port's methods without waiting; every document that comes out is deeply frozen. */
export interface MemoryDatabase {
  readonly collections: readonly Collection[];
  /** @throws {CommitConflict} */
  commit(writes: readonly Write[]): void;
  get<T extends Document>(collection: Collection<T>, key: string): T | undefined;
  find<T extends Document>(collection: Collection<T>, query?: Query): T[];
  count(collection: Collection, query?: Pick<Query, "where">): number;
}

type Rows = Map<string, Document>;

/** @param onChange told of each change after its batch is committed */
export function createMemoryDatabase({
  collections,
  onChange,
}: {
  collections: readonly Collection[];
  onChange?: (change: Change) => void;
}): MemoryDatabase {
  const tables = new Map<string, Rows>(collections.map(({ name }) => [name, new Map()]));

  function rowsOf({ name }: Collection): Rows {
    const rows = tables.get(name);
    if (!rows) throw new TypeError(`The store has no collection ${name}`);
    return rows;
  }

  function find<T extends Document>(
    collection: Collection<T>,
    { where = {}, orderBy = [], limit }: Query = {},
  ): T[] {
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0))
      throw new TypeError("limit must be a whole number of 0 or more");
    const matches = matcherOf(collection, where);
    const compare = compareBy(collection, orderBy);
    const found = [...rowsOf(collection).values()].filter(matches);
    if (compare) found.sort(compare);
    return found.slice(0, limit) as T[];
  }

  return {
    collections,
    find,
    get: (collection, key) => rowsOf(collection).get(key) as never,
    count: (collection, query) => find(collection, query).length,

    commit(writes) {
      const applied: Change[] = [];
      for (const write of writes) {
        const { change, conflict } = plan(rowsOf(write.collection), write);
        if (conflict) {
          for (const { collection, before, after } of applied.toReversed())
            put(rowsOf(collection), keyIn(collection, (after ?? before) as Document), before);
          throw new CommitConflict(write, conflict);
        }
        if (!change) continue;
        put(
          rowsOf(write.collection),
          keyIn(write.collection, (change.after ?? change.before) as Document),
          change.after,
        );
        applied.push(change);
      }
      if (onChange) for (const change of applied) onChange(change);
    },
  };
}

function put(rows: Rows, key: string, document: Document | undefined): void {
  if (document) rows.set(key, document);
  else rows.delete(key);
}

interface Plan {
  readonly change?: Change;
  readonly conflict?: CommitConflict["reason"];
}

function plan(rows: Rows, write: Write): Plan {
  const { collection } = write;
  switch (write.kind) {
    case "insert": {
      const key = keyIn(collection, write.document);
      if (rows.has(key) || takesUnique(rows, write)) return { conflict: "exists" };
      return { change: { collection, before: undefined, after: frozenCopy(write.document) } };
    }
    case "replace": {
      const before = rows.get(keyIn(collection, write.document));
      if (before?.version !== write.version) return { conflict: "changed" };
      if (takesUnique(rows, write)) return { conflict: "exists" };
      return { change: { collection, before, after: frozenCopy(write.document) } };
    }
    case "adjust":
      return planAdjust(rows, write);
    case "remove": {
      const before = rows.get(write.key);
      return before ? { change: { collection, before, after: undefined } } : {};
    }
  }
}

function planAdjust(rows: Rows, { collection, key, by }: Extract<Write, { kind: "adjust" }>): Plan {
  const deltas = Object.entries(by);
  if (deltas.length === 0 || deltas.some(([, delta]) => !Number.isSafeInteger(delta)))
    throw new TypeError(`An adjust of ${collection.name} names no field, or no integer`);
  const before = rows.get(key);
  if (!before) return { conflict: "missing" };
  const sums = deltas.map(([field, delta]) => [field, Number(before[field] ?? 0) + delta] as const);
  if (sums.some(([, sum]) => sum < 0)) return { conflict: "negative" };
  return { change: { collection, before, after: Object.freeze({ ...before, ...Object.fromEntries(sums) }) } };
}

function keyIn(collection: Collection, document: Document): string {
  const key = document[collection.key];
  if (typeof key !== "string" || key === "")
    throw new TypeError(`A document of ${collection.name} needs a string in its key field ${collection.key}`);
  return key;
}

function takesUnique(rows: Rows, { collection, document }: Extract<Write, { document: Document }>): boolean {
  const { key, unique } = collection;
  if (unique.length === 0) return false;
  const others = [...rows.values()].filter((other) => other[key] !== document[key]);
  return unique.some((fields) =>
    others.some((other) =>
      fields.every((field) => document[field] != null && other[field] === document[field]),
    ),
  );
}

/** As JSON would copy it: fields that are undefined are left out. What is frozen came out of a store, and is shared. */
function frozenCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  const copy: Record<string, unknown> = {};
  for (const field of Object.keys(value)) {
    const content = (value as Record<string, unknown>)[field];
    if (content !== undefined) copy[field] = frozenCopy(content);
  }
  return Object.freeze(copy) as T;
}

/** A process's own way to a database. */
export function createMemoryStore(database: MemoryDatabase): ConnectedStore {
  let isConnected = false;

  function connected(): MemoryDatabase {
    if (!isConnected) throw new StoreUnavailable("The store is not connected");
    return database;
  }

  const answers: Store = {
    commit: async (writes) => connected().commit(writes),
    get: async (collection, key) => connected().get(collection, key),
    find: async (collection, query) => connected().find(collection, query),
    count: async (collection, query) => connected().count(collection, query),
  };
  return {
    ...answers,
    collections: database.collections,
    connect: async () => {
      isConnected = true;
    },
    disconnect: async () => {
      isConnected = false;
    },
    isHealthy: () => isConnected,
  };
}
