/**
 * Runs schedules by their seeds.
 *   npx node tests/simulation/run.ts --seeds 1..1000000   stops at the first one that violates an invariant
 *   npx node tests/simulation/run.ts --seed 4711          replays one, with its whole trace
 * With `--bug noTombstone` (or another name of bugs.ts) the services have that bug.
 */
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import { bugs } from "./bugs.ts";
import { runSchedule } from "./schedule.ts";
import type { Bug } from "./services.ts";

const REPORT_EVERY_MS = 10_000;

const {
  seeds,
  seed,
  bug: bugName,
} = parseArgs({
  options: { seeds: { type: "string" }, seed: { type: "string" }, bug: { type: "string" } },
}).values;
const bug: Bug | undefined = bugs[bugName as keyof typeof bugs];
if (bugName && !bug) throw new Error(`No such bug: ${Object.keys(bugs).join(", ")}`);

if (seed) process.exitCode = await replay(Number(seed));
else if (seeds) process.exitCode = await runAll(...rangeOf(seeds));
else throw new Error("Say --seed 4711, or --seeds 1..1000");

async function replay(one: number): Promise<number> {
  const violations = await runSchedule({ seed: one, bug, write: (line) => console.log(line) });
  for (const violation of violations) console.log(`VIOLATION: ${violation}`);
  console.log(`Seed ${one}: ${violations.length} violations`);
  return violations.length > 0 ? 1 : 0;
}

async function runAll(first: number, last: number): Promise<number> {
  const start = Date.now();
  let reportAt = start + REPORT_EVERY_MS;
  const tell = (what: string, count: number) => {
    const perSecond = Math.round((count * 1000) / (Date.now() - start));
    console.log(`${what}: ${count} schedules, ${perSecond} a second`);
  };
  for (let one = first; one <= last; one++) {
    const violations = await runSchedule({ seed: one, bug });
    if (violations.length > 0) {
      console.log(`Seed ${one} fails:\n  ${violations.join("\n  ")}`);
      console.log(
        `Replay it: npx node tests/simulation/run.ts --seed ${one}${bugName ? ` --bug ${bugName}` : ""}`,
      );
      tell("Stopped", one - first + 1);
      return 1;
    }
    if (Date.now() < reportAt) continue;
    reportAt = Date.now() + REPORT_EVERY_MS;
    tell(`At seed ${one}`, one - first + 1);
    await setImmediate();
  }
  tell(`Seeds ${first}..${last} hold`, last - first + 1);
  return 0;
}

function rangeOf(text: string): [number, number] {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (!first || !last) throw new Error("A range looks like 1..1000");
  return [Number(first), Number(last)];
}
