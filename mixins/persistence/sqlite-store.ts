import type { DatabaseSync, StatementSync } from "node:sqlite";
import { retryWhileBusy } from "./busy-retry.ts";
import { createCommitQueue } from "./commit-queue.ts";
import { isOfStatement } from "./sqlite-errors.ts";
import { type PlannedRead, planCount, planFind } from "./sqlite-reads.ts";
import { openDatabase } from "./sqlite-schema.ts";
import { commitGroup, type Prepare, planWrite } from "./sqlite-writes.ts";
import {
  type Collection,
  CommitConflict,
  type ConnectedStore,
  type Document,
  type Query,
  StoreUnavailable,
  type Write,
} from "./store.ts";

interface SqliteStoreOptions {
  /** Path of the database file; its folder is created. */
  readonly file: string;
  /** All collections that the store holds; the main one first. */
  readonly collections: readonly Collection[];
  /** How long commits and reads wait while other processes hold the file. */
  readonly busyTimeoutMs?: number;
  /** How many writes of waiting batches share one transaction at most. */
  readonly maxWritesPerGroup?: number;
}

interface Connection {
  readonly database: DatabaseSync;
  readonly prepare: Prepare;
}

/**
 * The embedded store: one SQLite file, shared safely by all processes of a service on one machine.
 * A commit resolves after fsync.
 */
export function createSqliteStore({
  file,
  collections,
  busyTimeoutMs = 5_000,
  maxWritesPerGroup = 256,
}: SqliteStoreOptions): ConnectedStore {
  const known = new Set(collections.map(({ name }) => name));
  let connection: Connection | undefined;
  let accepts = false;

  const queue = createCommitQueue({
    commitGroup: (batches) => {
      const { database, prepare } = connected();
      return commitGroup(database, prepare, batches, isOfBatch);
    },
    timeoutMs: busyTimeoutMs,
    maxWritesPerGroup,
  });

  function connected(): Connection {
    if (!connection) throw new StoreUnavailable(`The store ${file} is not connected`);
    return connection;
  }

  function checkKnown({ name }: Collection): void {
    if (!known.has(name)) throw new TypeError(`${name} is not a collection of the store ${file}`);
  }

  async function read(collection: Collection, plan: () => PlannedRead): Promise<Record<string, unknown>[]> {
    checkKnown(collection);
    const { sql, params } = plan();
    return retryWhileBusy(
      () =>
        connected()
          .prepare(sql)
          .all(...params),
      busyTimeoutMs,
    );
  }

  return {
    collections,

    async connect() {
      connection ??= await retryWhileBusy(() => open(file, collections), busyTimeoutMs);
      accepts = true;
    },

    async disconnect() {
      accepts = false;
      await queue.drain();
      connection?.database.close();
      connection = undefined;
    },

    isHealthy: () => connection !== undefined,

    async commit(writes: readonly Write[]) {
      if (!accepts) throw new StoreUnavailable(`The store ${file} is not connected`);
      for (const { collection } of writes) checkKnown(collection);
      if (writes.length > 0) await queue.push(writes.map(planWrite));
    },

    async get<T extends Document>(collection: Collection<T>, key: string) {
      const [found] = await this.find(collection, { where: { [collection.key]: key } });
      return found;
    },

    async find<T extends Document>(collection: Collection<T>, query: Query = {}) {
      const plain = collection as unknown as Collection;
      const rows = await read(plain, () => planFind(plain, query));
      return rows.map(({ doc }) => JSON.parse(doc as string) as T);
    },

    async count(collection, query = {}) {
      const [row] = await read(collection, () => planCount(collection, query));
      return row?.count as number;
    },
  };
}

/** Statements are prepared once: preparing costs more than running them. */
function open(file: string, collections: readonly Collection[]): Connection {
  const database = openDatabase(file, collections);
  const statements = new Map<string, StatementSync>();
  return {
    database,
    prepare(sql) {
      const statement = statements.get(sql) ?? database.prepare(sql);
      statements.set(sql, statement);
      return statement;
    },
  };
}

function isOfBatch(error: unknown): boolean {
  return error instanceof CommitConflict || isOfStatement(error);
}
