import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { checkedName, fieldSql, tableSql } from "./sqlite-names.ts";
import type { Collection } from "./store.ts";

/** What a burst has blown up is cut back to this when the log is written over. */
const MAX_IDLE_LOG_BYTES = 67_108_864;

/**
 * Opens the file (its folder too) and creates the tables and indexes that are missing. One transaction does
 * it, so several processes may open a new file at once; whoever is late throws busy and tries again.
 */
export function openDatabase(file: string, schema: readonly string[]): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    useWriteAheadLog(database, file);
    createMissing(database, schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** @throws {Error} the file system cannot share memory between processes, as some network drives cannot */
function useWriteAheadLog(database: DatabaseSync, file: string): void {
  const { journal_mode: mode } = database.prepare("PRAGMA journal_mode = WAL").get() as {
    journal_mode: string;
  };
  if (mode !== "wal") throw new Error(`The file system of ${file} cannot hold a store: no write-ahead log`);
  database.exec(`PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${MAX_IDLE_LOG_BYTES}`);
}

function createMissing(database: DatabaseSync, statements: readonly string[]): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    for (const statement of statements) database.exec(statement);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/**
 * One table a collection: the key, and the document as JSON. Declared fields are indexed as expressions, so a
 * later version that declares another one has nothing to migrate.
 * @throws {TypeError} a name that cannot stand in SQL
 */
export function schemaSql(collection: Collection): string[] {
  const table = tableSql(collection);
  for (const field of Object.keys(collection.fields)) checkedName(field);
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT`,
    ...collection.indexes.map((fields) => indexSql(collection, fields, { unique: false })),
    ...collection.unique.map((fields) => indexSql(collection, fields, { unique: true })),
  ];
}

function indexSql(
  collection: Collection,
  fields: readonly string[],
  { unique }: { unique: boolean },
): string {
  // The whole definition, so that no two indexes share a name: one that exists is not made again.
  const name = `${unique ? "unique" : "index"} ${collection.name}(${fields.map(checkedName).join(", ")})`;
  const columns = fields.map((field) => fieldSql(collection, field));
  // Ties are broken by the key, so that order and cursor come out of the index too.
  if (!unique && !columns.includes("key")) columns.push("key");
  return `CREATE ${unique ? "UNIQUE " : ""}INDEX IF NOT EXISTS "${name}" ON ${tableSql(collection)} (${columns.join(", ")})`;
}
