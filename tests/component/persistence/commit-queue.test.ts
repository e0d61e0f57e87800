import { describe, expect, test } from "@jest/globals";
import { createCommitQueue } from "../../../mixins/persistence/commit-queue.ts";
import { planWrite } from "../../../mixins/persistence/sqlite-writes.ts";
import { insert, StoreUnavailable } from "../../../mixins/persistence/store.ts";
import { entries } from "./shared-collections.ts";

const batchOf = (writes: number) =>
  Array.from({ length: writes }, (_, index) => planWrite(insert(entries, { id: `${index}`, batch: "b" })));

const sqliteError = (errcode: number) => Object.assign(new Error("from SQLite"), { errcode });
const busy = () => sqliteError(5);
const diskFull = () => sqliteError(13);

/** A queue whose transactions do what `outcomes` say, one after the other, and then succeed. */
function queueWith(outcomes: (() => (Error | undefined)[])[] = [], { timeoutMs = 5_000 } = {}) {
  const groups: number[][] = [];
  const queue = createCommitQueue({
    timeoutMs,
    maxWritesPerGroup: 10,
    commitGroup: (batches) => {
      groups.push(batches.map(({ length }) => length));
      return outcomes.shift()?.() ?? batches.map(() => undefined);
    },
  });
  return { queue, groups };
}

const throwing = (error: () => Error) => () => {
  throw error();
};

describe("Group commit", () => {
  test("commits all batches that wait in one transaction", async () => {
    const { queue, groups } = queueWith();
    await Promise.all([queue.push(batchOf(1)), queue.push(batchOf(2)), queue.push(batchOf(3))]);
    expect(groups).toEqual([[1, 2, 3]]);
  });

  test("bounds a transaction, and takes a batch that is larger than the bound alone", async () => {
    const { queue, groups } = queueWith();
    await Promise.all([6, 4, 1, 30, 2].map((writes) => queue.push(batchOf(writes))));
    expect(groups).toEqual([[6, 4], [1], [30], [2]]);
  });

  test("takes what comes during a transaction into the next one", async () => {
    const { queue, groups } = queueWith();
    const late = queue.push(batchOf(1)).then(() => queue.push(batchOf(2)));
    await Promise.all([late, queue.push(batchOf(3))]);
    expect(groups).toEqual([[1, 3], [2]]);
  });

  test("answers each batch's own failure, and its neighbours' success", async () => {
    const failure = new Error("mine");
    const { queue } = queueWith([() => [undefined, failure, undefined]]);
    const outcomes = await Promise.allSettled([1, 1, 1].map((writes) => queue.push(batchOf(writes))));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: failure });
  });

  test("fails all batches of a transaction that fails, and goes on with the next", async () => {
    const { queue } = queueWith([throwing(diskFull)]);
    const outcomes = await Promise.allSettled([queue.push(batchOf(1)), queue.push(batchOf(1))]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(StoreUnavailable) });
    await queue.push(batchOf(1));
  });

  test("tries again while another process holds the lock", async () => {
    const { queue, groups } = queueWith([throwing(busy), throwing(busy)]);
    await queue.push(batchOf(1));
    expect(groups).toEqual([[1], [1], [1]]);
  });

  test("gives up when the lock is held for too long", async () => {
    const { queue } = queueWith(Array(1_000).fill(throwing(busy)), { timeoutMs: 50 });
    await expect(queue.push(batchOf(1))).rejects.toThrow("busy for more than 50 ms");
    expect(queue.longestWaitMs()).toBe(0);
  });

  test("drains when the last batch is answered", async () => {
    const { queue, groups } = queueWith([throwing(busy)]);
    void queue.push(batchOf(1));
    await queue.drain();
    expect(groups).toEqual([[1], [1]]);
  });
});
