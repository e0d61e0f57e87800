const FIRST_MS = 100;
const LONGEST_MS = 5_000;
const HEALTHY_AFTER_MS = 10_000;

/**
 * How long to wait before a part is started again: short at first, since every moment of it is an outage, then
 * doubling, and short again after it has lived for a while.
 */
export function createBackOff(): (livedMs: number) => number {
  let delayMs = FIRST_MS;
  return (livedMs) => {
    if (livedMs >= HEALTHY_AFTER_MS) delayMs = FIRST_MS;
    const current = delayMs;
    delayMs = Math.min(delayMs * 2, LONGEST_MS);
    return current;
  };
}
