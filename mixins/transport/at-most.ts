import { setTimeout as delay } from "node:timers/promises";

/** Waits for work that a server which hangs would never end, at most so long; how it ends does not matter. */
export async function atMost(waitMs: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => {}), delay(waitMs, undefined, { ref: false })]);
}
