/** A seeded source of chance: the same seed gives the same numbers. */
export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** From `min` to `max`, small ones as likely as large ones: each power of ten has the same share. */
  scaled(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** @param seed a whole number; neighbours give unrelated numbers (mulberry32 over a mixed seed) */
export function createRandom(seed: number): Random {
  let state = mix(seed);

  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  return {
    next,
    between: (min, max) => min + Math.floor(next() * (max - min + 1)),
    scaled: (min, max) => min * (max / min) ** next(),
    chance: (probability) => next() < probability,
    pick: (choices) => choices[Math.floor(next() * choices.length)] as never,
  };
}

/** The finalizer of MurmurHash3. */
function mix(seed: number): number {
  let h = seed ^ Math.floor(seed / 2 ** 32) ^ 0x9e3779b9;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
