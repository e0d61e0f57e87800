import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

/** A lock that is held; it ends with its holder, whatever kills that. */
export interface Lock {
  release(): void;
}

/**
 * Takes a lock that other processes of this machine respect, or answers undefined when it is taken.
 * An empty SQLite file carries it: the system frees its lock with the process, so that none is ever stale.
 */
export function tryLock(file: string): Lock | undefined {
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("BEGIN IMMEDIATE");
  } catch {
    database.close();
    return undefined;
  }
  return { release: () => database.close() };
}

/**
 * Runs `work` while holding the lock; waits for it first.
 * @param onWait called once when the lock is taken
 * @throws {Error} the lock was not free within `timeoutMs`
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  { timeoutMs = 120_000, onWait = () => {} }: { timeoutMs?: number; onWait?: () => void } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let lock = tryLock(file);
  if (!lock) onWait();
  while (!lock) {
    if (Date.now() > deadline) throw new Error(`Another command has held ${file} for too long.`);
    await delay(100);
    lock = tryLock(file);
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}
