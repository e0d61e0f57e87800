/** One simulated shop with its cluster, from the first event to the last. */
import { type Cluster, createCluster, type NodeCounts } from "./cluster.ts";
import type { Faults } from "./faults.ts";
import { findViolations } from "./invariants.ts";
import { createRandom, type Random } from "./random.ts";
import type { Bug } from "./services.ts";
import { createShop, type Shop } from "./shop.ts";
import { createTrace } from "./trace.ts";
import { createVirtualTime, NoRest, withVirtualGlobals } from "./virtual-time.ts";
import { watchChanges } from "./watch-changes.ts";
import type { World } from "./world.ts";

const START_MS = Date.parse("2026-11-22T10:00:00.000Z");
const MAX_EVENTS = 50_000;

export interface SimulationOptions {
  readonly seed: number;
  readonly bug?: Bug | undefined;
  /** Takes each line of the trace. */
  readonly write?: ((line: string) => void) | undefined;
}

export interface Simulation {
  readonly world: World;
  readonly cluster: Cluster;
  readonly shop: Shop;
  /** Lets time pass until the promise is settled. */
  until<T>(promise: Promise<T>): Promise<T>;
  /** Lets time pass until something is so. */
  untilTrue(isSo: () => boolean): Promise<void>;
  /** Lets time pass until nothing is on its way any more. */
  settle(): Promise<void>;
}

export interface Setting {
  readonly counts: (random: Random) => NodeCounts;
  readonly faultsOf: (random: Random) => Faults;
}

/**
 * Runs a story in a simulation, lets it come to rest, and answers all violations: those on the way and those at the end.
 */
export function simulate(
  { seed, bug, write }: SimulationOptions,
  { counts, faultsOf }: Setting,
  story: (simulation: Simulation) => Promise<void>,
): Promise<string[]> {
  const random = createRandom(seed);
  const time = createVirtualTime(START_MS);
  const world: World = {
    time,
    random,
    faults: faultsOf(random),
    ...(write ? { trace: createTrace(time.elapsed, write) } : {}),
  };
  const violations: string[] = [];

  return withVirtualGlobals(world, async () => {
    const cluster = createCluster(world, {
      counts: counts(random),
      ...(bug ? { bug } : {}),
      onChange: watchChanges(violations),
    });
    const shop = createShop(world, cluster);
    const run = (isDone: () => boolean) => time.run(isDone, { maxEvents: MAX_EVENTS });
    const simulation: Simulation = {
      world,
      cluster,
      shop,
      settle: () => run(cluster.isAtRest),
      untilTrue: run,
      async until(promise) {
        let isSettled = false;
        const settled = promise.finally(() => {
          isSettled = true;
        });
        settled.catch(() => {});
        await run(() => isSettled);
        if (!isSettled) throw new NoRest("What was waited for never came");
        return settled;
      },
    };
    try {
      await story(simulation);
      world.faults.end();
      await simulation.settle();
    } catch (error) {
      if (!(error instanceof NoRest)) throw error;
      violations.push(error.message);
    }
    return [...violations, ...findViolations(cluster, shop.told)];
  });
}
