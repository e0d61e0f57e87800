import { describe, expect, test } from "@jest/globals";
import { afterRun, beginRun, dueAt, endRun, newJob } from "../../../services/worker/domain/job-run.ts";

const CRON = "0 * * * * *";
const MINUTE = 60_000;
const NOON = Date.parse("2026-11-22T12:00:00.000Z");

const begin = (state = newJob("tidy", NOON), nowMs = NOON + MINUTE) =>
  beginRun(state, undefined, { id: "run_1", node: "worker-1", nowMs });

describe("A job", () => {
  test("that is new waits for its next tick", () => {
    expect(dueAt(CRON, newJob("tidy", NOON))).toBe(NOON + MINUTE);
  });

  test("is due at its next tick after a run", () => {
    const { state, run } = begin(undefined, NOON + MINUTE + 300);
    const ended = endRun(run, { outcome: "succeeded", did: { tidied: 1 } }, NOON + MINUTE + 900);
    expect(ended).toMatchObject({ outcome: "succeeded", endedAt: NOON + MINUTE + 900, did: { tidied: 1 } });
    expect(dueAt(CRON, afterRun(state, ended) ?? state)).toBe(NOON + 2 * MINUTE);
  });

  test("catches up once, however many ticks were missed", () => {
    const late = NOON + 60 * MINUTE + 5_000;
    expect(dueAt(CRON, newJob("tidy", NOON))).toBeLessThan(late);
    const { state, run } = begin(undefined, late);
    const after = afterRun(state, endRun(run, { outcome: "succeeded" }, late + 1));
    expect(dueAt(CRON, after ?? state)).toBe(NOON + 61 * MINUTE);
  });

  test("catches up with the ticks that passed while a run took too long", () => {
    const { state, run } = begin();
    const after = afterRun(state, endRun(run, { outcome: "succeeded" }, NOON + 5 * MINUTE));
    expect(dueAt(CRON, after ?? state)).toBe(NOON + 2 * MINUTE);
  });

  test("waits for its next tick also after a run that failed", () => {
    const { state, run } = begin();
    const ended = endRun(run, { outcome: "failed", error: "no" }, NOON + MINUTE + 1);
    expect(dueAt(CRON, afterRun(state, ended) ?? state)).toBe(NOON + 2 * MINUTE);
  });

  test("that runs seldom is tried again five minutes after a run that failed, until one succeeds", () => {
    const daily = "0 3 * * *";
    const { state, run } = begin();
    const failedAt = NOON + MINUTE + 1;
    const failed = afterRun(state, endRun(run, { outcome: "failed", error: "no" }, failedAt)) ?? state;
    expect(dueAt(daily, failed)).toBe(failedAt + 5 * MINUTE);

    const again = begin(failed, failedAt + 5 * MINUTE);
    const done = afterRun(again.state, endRun(again.run, { outcome: "succeeded" }, failedAt + 6 * MINUTE));
    expect(dueAt(daily, done ?? failed)).toBe(Date.parse("2026-11-23T03:00:00.000Z"));
  });

  test("stays due after a run that was stopped on the way", () => {
    const { state, run } = begin();
    const ended = endRun(run, { outcome: "aborted", error: "the node stops" }, NOON + MINUTE + 1);
    expect(afterRun(state, ended)).toBeUndefined();
  });

  test("gives a run up as lost when another begins", () => {
    const first = begin();
    const second = beginRun(first.state, first.run, {
      id: "run_2",
      node: "worker-2",
      nowMs: NOON + 2 * MINUTE,
    });
    expect(second.lost).toMatchObject({ id: "run_1", outcome: "lost", endedAt: NOON + 2 * MINUTE });
    expect(second.run).toMatchObject({ id: "run_2", node: "worker-2", outcome: "running" });
  });

  test("is not moved on by a run that was given up and ends all the same", () => {
    const first = begin();
    const second = beginRun(first.state, first.run, {
      id: "run_2",
      node: "worker-2",
      nowMs: NOON + 2 * MINUTE,
    });
    const ended = endRun(first.run, { outcome: "succeeded" }, NOON + 3 * MINUTE);
    expect(afterRun(second.state, ended)).toBeUndefined();
  });

  test("counts no run as lost that has ended", () => {
    const { state, run } = begin();
    const ended = endRun(run, { outcome: "succeeded" }, NOON + MINUTE + 1);
    expect(
      beginRun(state, ended, { id: "run_2", node: "worker-2", nowMs: NOON + 2 * MINUTE }).lost,
    ).toBeUndefined();
  });
});
