/**
 * The store port: what a repository may ask of a database. Each service has one store of its own.
 * Reads are by declared fields; every write goes through one atomic `commit`.
 */

/** A stored thing: plain JSON. `replace` needs a number field `version` that the domain counts up. */
export type Document = { readonly [field: string]: unknown };

/** A set of documents of one shape, and the fields that reads may filter and order by. */
export interface Collection<T extends Document = Document> {
  readonly name: string;
  /** The field that identifies a document; its value is a string and unique. */
  readonly key: string;
  /** Fields that may stand in `where` and `orderBy`. */
  readonly fields: Readonly<Record<string, "text" | "number">>;
  /** Field lists to index, for the reads that this collection serves. */
  readonly indexes: readonly (readonly string[])[];
  /** Field lists whose values are unique together; documents without such a field do not count. */
  readonly unique: readonly (readonly string[])[];
  /** Only for the type checker: never set. */
  readonly document?: T | undefined;
}

/** Declares a collection; see {@link Collection}. */
export function collection<T extends Document>(
  definition: { readonly name: string; readonly key: keyof T & string } & Partial<
    Pick<Collection<T>, "fields" | "indexes" | "unique">
  >,
): Collection<T> {
  return { fields: {}, indexes: [], unique: [], ...definition };
}

export type Write =
  | { readonly kind: "insert"; readonly collection: Collection; readonly document: Document }
  | {
      readonly kind: "replace";
      readonly collection: Collection;
      readonly document: Document;
      readonly version: number;
    }
  | {
      readonly kind: "adjust";
      readonly collection: Collection;
      readonly key: string;
      readonly by: Readonly<Record<string, number>>;
    }
  | { readonly kind: "remove"; readonly collection: Collection; readonly key: string };

/** Inserts a document; conflicts (`exists`) when its key or a unique field list is taken. */
export function insert<T extends Document>(collection: Collection<T>, document: T): Write {
  return { kind: "insert", collection, document };
}

/** Replaces the document of the same key; conflicts (`changed`) unless its stored `version` is the one that was read. */
export function replace<T extends Document & { version: number }>(
  collection: Collection<T>,
  document: T,
  { version }: { version: number },
): Write {
  return { kind: "replace", collection, document, version };
}

/**
 * Adds integers to number fields (a missing one counts as 0) without a read before; conflicts (`negative`) when a sum would fall below 0, and
 * (`missing`) when there is no such document. Leaves `version` as it is, so that hot numbers do not conflict: a
 * `replace` would not see them change, so never replace documents that are adjusted.
 */
export function adjust<T extends Document>(
  collection: Collection<T>,
  key: string,
  by: Partial<Record<keyof T & string, number>>,
): Write {
  return {
    kind: "adjust",
    collection,
    key,
    by: by as Record<string, number>,
  };
}

/** Removes a document, if it is there. */
export function remove<T extends Document>(collection: Collection<T>, key: string): Write {
  return { kind: "remove", collection, key };
}

export type Comparison =
  | string
  | number
  | { lt?: string | number; lte?: string | number; gt?: string | number; gte?: string | number };

export interface Query {
  /** Declared fields, all of which must match: a value (equality) or a range. */
  readonly where?: Readonly<Record<string, Comparison>>;
  /** Declared fields, the most significant first. Ties are broken by the key, in the first field's direction. */
  readonly orderBy?: readonly { readonly field: string; readonly direction: "asc" | "desc" }[];
  readonly limit?: number;
}

export interface Store {
  /**
   * Applies all writes or none, durably: it resolves once they survive a power loss.
   * @throws {CommitConflict} a condition did not hold; nothing was written
   * @throws {StoreUnavailable} the store is busy, full or away; nothing was written
   */
  commit(writes: readonly Write[]): Promise<void>;
  get<T extends Document>(collection: Collection<T>, key: string): Promise<T | undefined>;
  find<T extends Document>(collection: Collection<T>, query?: Query): Promise<T[]>;
  count(collection: Collection, query?: Pick<Query, "where">): Promise<number>;
}

/** A store with its life-cycle; before `connect` and after `disconnect` everything throws {@link StoreUnavailable}. */
export interface ConnectedStore extends Store {
  /** What the store was created for; the first one is the main collection, which `moleculer-db` reads. */
  readonly collections: readonly Collection[];
  /** Opens the store, and creates what it misses. */
  connect(): Promise<void>;
  /** Waits for the commits under way, then closes. */
  disconnect(): Promise<void>;
  /** Whether a commit would work now, as far as can be told cheaply. */
  isHealthy(): boolean;
}

/** A write of a batch whose condition did not hold. The batch left nothing behind: read, decide and commit again. */
export class CommitConflict extends Error {
  readonly code = "COMMIT_CONFLICT";
  readonly write: Write;
  readonly reason: "exists" | "changed" | "negative" | "missing";
  constructor(write: Write, reason: CommitConflict["reason"]) {
    super(`A ${write.kind} of ${write.collection.name} conflicts: ${reason}`);
    this.name = "CommitConflict";
    this.write = write;
    this.reason = reason;
  }
}

/** The store could not answer (busy, full, away). The same commit may be tried again later. */
export class StoreUnavailable extends Error {
  readonly code = "STORE_UNAVAILABLE";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreUnavailable";
  }
}
