import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { isOfStatement, isTaken } from "./sqlite-errors.ts";
import { checkedName, fieldSql, tableSql } from "./sqlite-names.ts";
import { CommitConflict, type Document, type Write } from "./store.ts";

export type Prepare = (sql: string) => StatementSync;

/** A write as SQL. Made when `commit` is called: what a caller does to its documents afterwards changes nothing. */
export interface PlannedWrite {
  readonly write: Write;
  readonly sql: string;
  readonly params: readonly SQLInputValue[];
}

/** @throws {TypeError} the write is not well-formed: a bug of the caller */
export function planWrite(write: Write): PlannedWrite {
  const table = tableSql(write.collection);
  switch (write.kind) {
    case "insert":
      return {
        write,
        sql: `INSERT INTO ${table} (key, doc) VALUES (?, ?)`,
        params: [keyOf(write), JSON.stringify(write.document)],
      };
    case "replace":
      return {
        write,
        sql: `UPDATE ${table} SET doc = ? WHERE key = ? AND json_extract(doc, '$.version') = ?`,
        params: [JSON.stringify(write.document), keyOf(write), write.version],
      };
    case "adjust":
      return planAdjust(write, table);
    case "remove":
      return { write, sql: `DELETE FROM ${table} WHERE key = ?`, params: [write.key] };
  }
}

function keyOf({ collection, document }: Extract<Write, { document: Document }>): string {
  const key = document[collection.key];
  if (typeof key !== "string" || key === "")
    throw new TypeError(`A document of ${collection.name} needs a string in its key field ${collection.key}`);
  return key;
}

/** One conditional UPDATE, no read before: neighbours that adjust the same numbers do not conflict. */
function planAdjust(write: Extract<Write, { kind: "adjust" }>, table: string): PlannedWrite {
  const deltas = Object.entries(write.by);
  for (const [field, delta] of deltas) {
    if (!Number.isSafeInteger(delta))
      throw new TypeError(`${write.collection.name}.${field} can only be adjusted by an integer`);
  }
  if (deltas.length === 0) throw new TypeError(`An adjust of ${write.collection.name} names no field`);
  const sums = deltas.map(([field]) => `coalesce(${fieldSql(write.collection, field)}, 0) + ?`);
  const sets = deltas.map(([field], index) => `'$.${checkedName(field)}', ${sums[index]}`);
  // Bound as BigInt: SQLite would store a JavaScript number as a float.
  const values = deltas.map(([, delta]) => BigInt(delta));
  return {
    write,
    sql: `UPDATE ${table} SET doc = json_set(doc, ${sets.join(", ")}) WHERE key = ? AND ${sums.map((sum) => `${sum} >= 0`).join(" AND ")}`,
    params: [...values, write.key, ...values],
  };
}

/**
 * Applies the writes of one batch inside an open transaction.
 * @throws {CommitConflict} a condition did not hold; the caller rolls back
 */
export function applyWrites(prepare: Prepare, writes: readonly PlannedWrite[]): void {
  for (const planned of writes) {
    const changed = run(prepare, planned);
    if (changed || planned.write.kind === "remove") continue;
    throw new CommitConflict(planned.write, whyNothingChanged(prepare, planned.write));
  }
}

function run(prepare: Prepare, { write, sql, params }: PlannedWrite): boolean {
  try {
    return prepare(sql).run(...params).changes === 1;
  } catch (error) {
    if (isTaken(error)) throw new CommitConflict(write, "exists");
    throw error;
  }
}

function whyNothingChanged(prepare: Prepare, write: Write): CommitConflict["reason"] {
  if (write.kind !== "adjust") return "changed";
  const found = prepare(`SELECT 1 FROM ${tableSql(write.collection)} WHERE key = ?`).get(write.key);
  return found ? "negative" : "missing";
}

/**
 * Commits several batches in one transaction, a savepoint each, and answers each batch's own failure.
 * @throws {Error} SQLite's: nothing of any batch was written
 */
export function commitGroup(
  { database, prepare }: { database: DatabaseSync; prepare: Prepare },
  batches: readonly (readonly PlannedWrite[])[],
): (Error | undefined)[] {
  prepare("BEGIN IMMEDIATE").run();
  try {
    const failures = batches.map((writes) => applyInSavepoint(prepare, writes));
    prepare("COMMIT").run();
    return failures;
  } catch (error) {
    // Some failures, such as a full disk, have rolled back already.
    if (database.isTransaction) prepare("ROLLBACK").run();
    throw error;
  }
}

function applyInSavepoint(prepare: Prepare, writes: readonly PlannedWrite[]): Error | undefined {
  prepare("SAVEPOINT batch").run();
  try {
    applyWrites(prepare, writes);
    prepare("RELEASE batch").run();
    return undefined;
  } catch (error) {
    if (!(error instanceof CommitConflict || isOfStatement(error))) throw error;
    prepare("ROLLBACK TO batch").run();
    prepare("RELEASE batch").run();
    return error as Error;
  }
}
