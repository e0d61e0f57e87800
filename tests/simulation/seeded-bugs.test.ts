import { describe, expect, test } from "@jest/globals";
import { bugs } from "./bugs.ts";
import { runSchedule } from "./schedule.ts";
import type { Bug } from "./services.ts";

const LIMIT_MS = 60_000;

/** The first seed from 1 on that fails within the limit. */
async function firstFailingSeed(bug: Bug): Promise<number | undefined> {
  const end = performance.now() + LIMIT_MS;
  for (let seed = 1; performance.now() < end; seed++)
    if ((await runSchedule({ seed, bug })).length > 0) return seed;
  return undefined;
}

describe("the simulation can fail", () => {
  test.each(Object.entries<Bug>(bugs))(
    "it finds the bug %s within a minute, and the same seed holds without it",
    async (_name, bug) => {
      const seed = await firstFailingSeed(bug);
      expect(seed).toBeDefined();
      expect(await runSchedule({ seed: seed as number })).toEqual([]);
    },
    2 * LIMIT_MS,
  );
});
