import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { checkedName, fieldSql, tableSql } from "./sqlite-names.ts";
import type { Collection } from "./store.ts";

/**
 * Opens the file (its folder too) and creates the tables and indexes that are missing. One transaction does
 * it, so several processes may open a new file at once; whoever is late throws busy and tries again.
 */
export function openDatabase(file: string, collections: readonly Collection[]): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864",
    );
    createMissing(database, collections.flatMap(schemaOf));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
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

/** One table a collection: the key and the document as JSON; declared fields are reached by indexes on expressions. */
function schemaOf(collection: Collection): string[] {
  const table = tableSql(collection);
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
  const name = [unique ? "unique" : "index", collection.name, ...fields.map(checkedName)].join("_");
  const columns = fields.map((field) => fieldSql(collection, field));
  // Ties are broken by the key, so that order and cursor come out of the index too.
  if (!unique && !columns.includes("key")) columns.push("key");
  return `CREATE ${unique ? "UNIQUE " : ""}INDEX IF NOT EXISTS "${name}" ON ${tableSql(collection)} (${columns.join(", ")})`;
}
