import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits until `look` answers something that is true, and answers it; for states that no event tells of.
 * @param timeoutMs after which the last answer or failure is thrown
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20 } = {},
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await look();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end)
      throw last instanceof Error ? last : new Error(`Still ${String(last)} after ${timeoutMs} ms`);
    await delay(everyMs);
  }
}
