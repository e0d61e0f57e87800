import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { isBusy } from "./sqlite-errors.ts";
import { StoreUnavailable } from "./store.ts";

/** A little more than a typical batch, so that a nearly full disk is told. */
const PROBE_BYTES = 65_536;
/** While nobody commits, a small write of its own tells so often how the store is. */
const IDLE_MS = 750;

/**
 * Whether commits work: the last commit tells, as long as the file is still the one that was opened. While nobody
 * commits, and after a failed commit, writes of its own tell, as nobody commits through an unready node.
 * @param longestWaitMs another process may hold the lock so long
 * @param clock milliseconds that only grow
 */
export function createHealth(
  file: string,
  { longestWaitMs, clock = () => performance.now() }: { longestWaitMs: number; clock?: () => number },
) {
  let failing = false;
  let knownAt = clock();
  let busySince: number | undefined;
  let inode: number | undefined;

  /** A file that was deleted or replaced stays open, and takes commits that nobody will ever find. */
  const isSameFile = () => statSync(file, { throwIfNoEntry: false })?.ino === inode;

  return {
    opened(): void {
      inode = statSync(file).ino;
      tell(true);
    },
    /** Takes the outcome of each commit. Conflicts are answers, not failures. */
    committed(failure?: unknown): void {
      tell(!(failure instanceof StoreUnavailable));
    },
    check(database: DatabaseSync): boolean {
      if (!isSameFile()) return false;
      if (failing || clock() - knownAt >= IDLE_MS) probe(database);
      return !failing;
    },
  };

  function tell(works: boolean): void {
    failing = !works;
    knownAt = clock();
    busySince = undefined;
  }

  function probe(database: DatabaseSync): void {
    try {
      if (failing) writeMuch(database);
      else write(database, 1);
      tell(true);
    } catch (error) {
      if (isBusy(error)) onBusy();
      else tell(false);
    }
  }

  /** A neighbour that commits right now is no failure, one that sits on the lock is. */
  function onBusy(): void {
    busySince ??= clock();
    if (clock() - busySince >= longestWaitMs) failing = true;
  }
}

/** Gives the space of the write-ahead log back first: on a full disk that may be all that is missing. */
function writeMuch(database: DatabaseSync): void {
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  write(database, PROBE_BYTES);
  database.exec("DELETE FROM _probe");
}

/** The probe's table cannot be a collection: their names start with a letter. */
function write(database: DatabaseSync, bytes: number): void {
  try {
    database.exec(`BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS _probe (filler BLOB);
      INSERT OR REPLACE INTO _probe (rowid, filler) VALUES (1, zeroblob(${bytes}));
      COMMIT`);
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK");
  }
}
