import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { runSchedule } from "./schedule.ts";

async function traceOf(seed: number): Promise<{ lines: number; hash: string }> {
  const hash = createHash("sha256");
  let lines = 0;
  await runSchedule({
    seed,
    write(line) {
      lines += 1;
      hash.update(`${line}\n`);
    },
  });
  return { lines, hash: hash.digest("hex") };
}

describe("a seed", () => {
  test("has the same trace each time, so that a failure can be replayed", async () => {
    for (let seed = 1; seed <= 60; seed++) expect(await traceOf(seed)).toEqual(await traceOf(seed));
  }, 60_000);

  test("has a trace of its own, as long as an order's way", async () => {
    const traces = [await traceOf(1), await traceOf(2), await traceOf(3)];
    expect(new Set(traces.map(({ hash }) => hash)).size).toBe(3);
    expect(Math.min(...traces.map(({ lines }) => lines))).toBeGreaterThan(20);
  });

  test("leaves the real clock, timers and chance as they were", async () => {
    const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
    const real = [setTimeout, setInterval, clearTimeout, clearInterval, Date.now, Math.random];
    await runSchedule({ seed: 1 });
    expect([
      globalThis.setTimeout,
      globalThis.setInterval,
      globalThis.clearTimeout,
      globalThis.clearInterval,
      Date.now,
      Math.random,
    ]).toEqual(real);
  });
});
