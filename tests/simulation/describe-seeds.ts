import { setImmediate } from "node:timers/promises";
import { describe, test } from "@jest/globals";
import { runSchedule } from "./schedule.ts";

const SEEDS_A_TEST = 1_000;
/** Long enough for a machine that is busy with other things. */
const TIMEOUT_MS = 300_000;

/** Tests that every schedule of a range of seeds keeps all invariants. */
export function describeSeeds(first: number, last: number): void {
  describe("random schedules of faults, crashes and changes of mind keep every invariant", () => {
    for (let from = first; from <= last; from += SEEDS_A_TEST) {
      const to = Math.min(last, from + SEEDS_A_TEST - 1);
      test(`seeds ${from} to ${to}`, () => expectToHold(from, to), TIMEOUT_MS);
    }
  });
}

async function expectToHold(from: number, to: number): Promise<void> {
  for (let seed = from; seed <= to; seed++) {
    // A schedule never waits for the real event loop: let others have their turn.
    await setImmediate();
    const violations = await runSchedule({ seed });
    if (violations.length > 0)
      throw new Error(
        `Seed ${seed} fails:\n  ${violations.join("\n  ")}\nReplay it: npx node tests/simulation/run.ts --seed ${seed}`,
      );
  }
}
