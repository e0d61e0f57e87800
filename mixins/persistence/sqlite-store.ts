import type { DatabaseSync, StatementSync } from "node:sqlite";
import { retryWhileBusy } from "./busy-retry.ts";
import { createCommitQueue } from "./commit-queue.ts";
import { createHealth } from "./sqlite-health.ts";
import { type PlannedRead, planCount, planFind, planGet } from "./sqlite-reads.ts";
import { openDatabase, schemaSql } from "./sqlite-schema.ts";
import { commitGroup, type Prepare, planWrite } from "./sqlite-writes.ts";
import { type Collection, type ConnectedStore, type Document, StoreUnavailable } from "./store.ts";

interface SqliteStoreOptions {
  /** Path of the database file; its folder is created. */
  readonly file: string;
  /** All collections that the store holds; the main one first. */
  readonly collections: readonly Collection[];
  /** How long commits and reads wait while other processes hold the file. */
  readonly busyTimeoutMs?: number;
  /** Waiting batches share a transaction up to so many writes. */
  readonly maxWritesPerGroup?: number;
}

interface Connection {
  readonly database: DatabaseSync;
  readonly prepare: Prepare;
}

/** Commits that wait for so long tell that another process sits on the lock. */
const UNHEALTHY_WAIT_MS = 1_000;

type Row = Record<string, unknown>;

/**
 * The embedded store: one SQLite file, shared safely by all processes of a service on one machine.
 * A commit resolves after fsync.
 * @throws {TypeError} from its methods, when a collection, field or value does not fit the declared collections
 */
export function createSqliteStore({
  file,
  collections,
  busyTimeoutMs = 5_000,
  maxWritesPerGroup = 256,
}: SqliteStoreOptions): ConnectedStore {
  const names = new Set(collections.map(({ name }) => name));
  const schema = collections.flatMap(schemaSql);
  const health = createHealth(file, { longestWaitMs: UNHEALTHY_WAIT_MS });
  let connection: Connection | undefined;
  let isOpen = false;

  const queue = createCommitQueue({
    commitGroup: (batches) => commitGroup(connected(), batches),
    timeoutMs: busyTimeoutMs,
    maxWritesPerGroup,
  });

  function connected(): Connection {
    if (!connection) throw new StoreUnavailable(`The store ${file} is not connected`);
    return connection;
  }

  function known(collection: Collection): Collection {
    if (!names.has(collection.name))
      throw new TypeError(`${collection.name} is not a collection of the store ${file}`);
    return collection;
  }

  function read({ sql, params }: PlannedRead): Promise<Row[]> {
    return retryWhileBusy(() => {
      const statement = connected().prepare(sql);
      return statement.all(...params);
    }, busyTimeoutMs);
  }

  async function readDocuments<T>(plan: PlannedRead): Promise<T[]> {
    const rows = await read(plan);
    return rows.map(({ doc }) => JSON.parse(doc as string) as T);
  }

  return {
    collections,

    async connect() {
      connection ??= await retryWhileBusy(() => openConnection(file, schema), busyTimeoutMs);
      health.opened();
      isOpen = true;
    },

    async disconnect() {
      isOpen = false;
      await queue.drain();
      // The last process that closes the file moves the write-ahead log into it.
      connection?.database.close();
      connection = undefined;
    },

    isHealthy: () =>
      isOpen &&
      connection !== undefined &&
      queue.longestWaitMs() < UNHEALTHY_WAIT_MS &&
      health.check(connection.database),

    async commit(writes) {
      if (!isOpen) throw new StoreUnavailable(`The store ${file} is not connected`);
      for (const { collection } of writes) known(collection);
      const planned = writes.map(planWrite);
      if (planned.length === 0) return;
      try {
        await queue.push(planned);
        health.committed();
      } catch (error) {
        health.committed(error);
        throw error;
      }
    },

    async get<T extends Document>(collection: Collection<T>, key: string) {
      const [found] = await readDocuments<T>(planGet(known(collection), key));
      return found;
    },

    async find<T extends Document>(collection: Collection<T>, query = {}) {
      return readDocuments<T>(planFind(known(collection), query));
    },

    async count(collection, query = {}) {
      const [row] = await read(planCount(known(collection), query));
      return row?.count as number;
    },
  };
}

/** Statements are prepared once: preparing costs more than running them. */
function openConnection(file: string, schema: readonly string[]): Connection {
  const database = openDatabase(file, schema);
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
