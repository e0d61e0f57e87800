/**
 * What goes wrong in one schedule, and how often. Each seed has faults of its own, many of some kinds and none of
 * others: a mixture that is the same every time would hide what only one kind in large numbers shows.
 */
import type { Random } from "./random.ts";

/** Chances, from 0 to 1, each per occasion. */
interface Rates {
  /** A node dies at a step, before or after its effect. */
  readonly crash: number;
  /** A step, a request or an answer takes long. */
  readonly slow: number;
  /** A request, an answer or an acknowledgement is lost. */
  readonly lost: number;
  /** A request or a message arrives twice. */
  readonly doubled: number;
  /** A message comes late, so that others overtake it. */
  readonly late: number;
  /** A store is busy: nothing was written. */
  readonly storeBusy: number;
  /** An outside service has its effect and never answers. */
  readonly silent: number;
}

export interface Faults {
  /** Whether something of this kind goes wrong now. */
  happens(kind: keyof Rates): boolean;
  /** Milliseconds of one step. */
  latency(): number;
  /** Milliseconds from a publish to a delivery. */
  deliveryDelay(): number;
  /** From now on nothing goes wrong any more. */
  end(): void;
  readonly rates: Rates;
}

const NONE: Rates = { crash: 0, slow: 0, lost: 0, doubled: 0, late: 0, storeBusy: 0, silent: 0 };

/** The faults of a seed. */
export function createFaults(random: Random): Faults {
  const rate = (max: number) => (random.chance(0.35) ? 0 : random.scaled(max / 50, max));
  return faultsAt(random, {
    crash: rate(0.03),
    slow: rate(0.2),
    lost: rate(0.2),
    doubled: rate(0.3),
    late: rate(0.3),
    storeBusy: rate(0.1),
    silent: rate(0.4),
  });
}

/** Nothing goes wrong by itself. */
export function noFaults(random: Random): Faults {
  return faultsAt(random, NONE);
}

function faultsAt(random: Random, rates: Rates): Faults {
  let current = rates;
  const happens = (kind: keyof Rates) => current[kind] > 0 && random.chance(current[kind]);
  return {
    happens,
    latency: () => (happens("slow") ? Math.ceil(random.scaled(100, 40_000)) : random.between(1, 10)),
    deliveryDelay: () => (happens("late") ? Math.ceil(random.scaled(100, 60_000)) : random.between(1, 10)),
    end() {
      current = NONE;
    },
    rates,
  };
}
