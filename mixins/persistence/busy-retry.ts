import { setTimeout as wait } from "node:timers/promises";
import { isBusy, toStoreError } from "./sqlite-errors.ts";

/**
 * Waits 0.5-2 ms. SQLite's own busy handler would block the event loop and is not fair: one of three
 * processes waited up to 2.4 s.
 */
export async function jitter(): Promise<void> {
  await wait(0.5 + Math.random() * 1.5);
}

/**
 * Runs `work` again while another process holds the lock that it needs.
 * @throws {StoreUnavailable} still busy after `timeoutMs`, or the store failed in another way
 */
export async function retryWhileBusy<T>(work: () => T, timeoutMs: number): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw toStoreError(error);
      await jitter();
    }
  }
}
