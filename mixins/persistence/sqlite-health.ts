import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailable } from "./store.ts";

/** A little more than a typical batch, so that a nearly full disk is told. */
const PROBE_BYTES = 65_536;

/**
 * Whether commits work: the last commit tells, as long as the file is still the one that was opened. After a
 * failed one a write of its own tells when the store is well again, as nobody commits through an unready node.
 */
export function createHealth(file: string) {
  let failing = false;
  let inode: number | undefined;

  /** A file that was deleted or replaced stays open, and takes commits that nobody will ever find. */
  const isSameFile = () => statSync(file, { throwIfNoEntry: false })?.ino === inode;

  return {
    opened(): void {
      inode = statSync(file).ino;
      failing = false;
    },
    /** Takes the outcome of each commit. Conflicts are answers, not failures. */
    committed(failure?: unknown): void {
      failing = failure instanceof StoreUnavailable;
    },
    check(database: DatabaseSync): boolean {
      if (!isSameFile()) return false;
      if (failing && succeeds(() => writeProbe(database))) failing = false;
      return !failing;
    },
  };
}

function succeeds(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

/**
 * Gives the space of the write-ahead log back first: on a full disk that may be all that is missing.
 * The probe's table cannot be a collection: their names start with a letter.
 */
function writeProbe(database: DatabaseSync): void {
  try {
    database.exec(`PRAGMA wal_checkpoint(TRUNCATE);
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS _probe (filler BLOB);
      INSERT INTO _probe VALUES (zeroblob(${PROBE_BYTES}));
      COMMIT;
      DELETE FROM _probe`);
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK");
  }
}
