const FIRST_MS = 100;
const CAP_MS = 10_000;

/**
 * How long to wait before a message is delivered again: doubling, capped at 10 s, with jitter of up to half, so that
 * messages that failed together do not come back together.
 * @param tries how often the message was delivered so far, from 1
 */
export function backOffMs(tries: number, random: () => number = Math.random): number {
  const ceiling = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(tries - 1, 20));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
