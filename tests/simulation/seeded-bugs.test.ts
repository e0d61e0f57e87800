import { describe, expect, test } from "@jest/globals";
import { bugs } from "./bugs.ts";
import { runSchedule } from "./schedule.ts";

/** Many more than any of the bugs needs. */
const SEEDS = 5_000;
const LIMIT_MS = 60_000;

async function firstFailingSeed(bug: (typeof bugs)[keyof typeof bugs]): Promise<number | undefined> {
  for (let seed = 1; seed <= SEEDS; seed++) if ((await runSchedule({ seed, bug })).length > 0) return seed;
  return undefined;
}

describe("the simulation can fail", () => {
  test.each(Object.entries(bugs))(
    "it finds the bug %s, and holds with the same seed without it",
    async (_name, bug) => {
      const seed = await firstFailingSeed(bug);
      expect(seed).toBeDefined();
      expect(await runSchedule({ seed: seed as number })).toEqual([]);
    },
    LIMIT_MS,
  );
});
