import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { nextTick } from "../../../services/worker/domain/schedule.ts";

const at = (time: string) => Date.parse(`2026-11-22T${time}Z`);

describe("The next tick", () => {
  test.each([
    ["every five seconds", "*/5 * * * * *", "10:00:03.200", "10:00:05.000"],
    ["every five seconds, at a tick", "*/5 * * * * *", "10:00:05.000", "10:00:10.000"],
    ["every five seconds, just before a tick", "*/5 * * * * *", "10:00:04.999", "10:00:05.000"],
    ["every minute, without seconds", "* * * * *", "10:00:00.001", "10:01:00.000"],
    ["every minute at its 20th second", "20 * * * * *", "10:00:20.000", "10:01:20.000"],
  ])("of a schedule for %s is the first one after a time", (_, cron, after, expected) => {
    expect(nextTick(cron, at(after))).toBe(at(expected));
  });

  test("of a daily schedule is in UTC, wherever the node runs", () => {
    expect(nextTick("0 3 * * *", at("03:00:00.000"))).toBe(Date.parse("2026-11-23T03:00:00.000Z"));
  });

  test("is always later, and as long ahead as its schedule says", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (now) => {
        const tick = nextTick("*/10 * * * * *", now);
        expect(tick).toBeGreaterThan(now);
        expect(tick - now).toBeLessThanOrEqual(10_000);
        expect(tick % 10_000).toBe(0);
      }),
    );
  });

  test.each(["", "every day", "61 * * * * *", "* * *"])("of %j is refused", (cron) => {
    expect(() => nextTick(cron, 0)).toThrow();
  });

  test("of a schedule that is over is refused", () => {
    expect(() => nextTick("0 0 31 2 *", 0)).toThrow(/no tick/);
  });
});
