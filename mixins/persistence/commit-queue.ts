import { setImmediate as nextTurn } from "node:timers/promises";
import { jitter } from "./busy-retry.ts";
import { isBusy, toStoreError } from "./sqlite-errors.ts";
import type { PlannedWrite } from "./sqlite-writes.ts";
import { StoreUnavailable } from "./store.ts";

interface Waiting {
  readonly writes: readonly PlannedWrite[];
  /** On the clock of `performance.now()`. */
  readonly since: number;
  readonly settle: (failure: Error | undefined) => void;
}

interface CommitQueueDependencies {
  /** Commits the batches together and answers each one's own failure; throws when nothing was written. */
  readonly commitGroup: (batches: readonly (readonly PlannedWrite[])[]) => (Error | undefined)[];
  /** How long a batch waits for other processes. */
  readonly timeoutMs: number;
  /** Bounds how long one transaction holds the lock and the event loop. */
  readonly maxWritesPerGroup: number;
}

/** Batches that wait at the same time share one transaction, and so one fsync. */
export function createCommitQueue({ commitGroup, timeoutMs, maxWritesPerGroup }: CommitQueueDependencies) {
  const waiting: Waiting[] = [];
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    // A turn of the event loop between groups: others run, and more batches come to share the next one.
    for (await nextTurn(); waiting.length > 0; await nextTurn()) {
      const group = nextGroup();
      try {
        settle(group, commitGroup(group.map(({ writes }) => writes)));
      } catch (error) {
        if (!isBusy(error)) {
          settle(group, Array(group.length).fill(toStoreError(error)));
          continue;
        }
        giveUpOverdue(error);
        await jitter();
      }
    }
    working = undefined;
  }

  function nextGroup(): Waiting[] {
    let writes = 0;
    const tooMany = waiting.findIndex((batch) => {
      writes += batch.writes.length;
      return writes > maxWritesPerGroup;
    });
    return tooMany < 0 ? waiting.slice() : waiting.slice(0, Math.max(1, tooMany));
  }

  function settle(group: readonly Waiting[], failures: readonly (Error | undefined)[]): void {
    waiting.splice(0, group.length);
    for (const [index, batch] of group.entries()) batch.settle(failures[index]);
  }

  /** The oldest waits at the front. */
  function longestWaitMs(): number {
    return waiting[0] ? performance.now() - waiting[0].since : 0;
  }

  function giveUpOverdue(cause: unknown): void {
    while (longestWaitMs() > timeoutMs)
      waiting
        .shift()
        ?.settle(new StoreUnavailable(`The store was busy for more than ${timeoutMs} ms`, { cause }));
  }

  return {
    /** Resolves once the batch is durable. */
    push(writes: readonly PlannedWrite[]): Promise<void> {
      const done = new Promise<void>((resolve, reject) => {
        waiting.push({
          writes,
          since: performance.now(),
          settle: (failure) => (failure ? reject(failure) : resolve()),
        });
      });
      working ??= work();
      return done;
    },
    longestWaitMs,
    /** Resolves when nothing waits any more. */
    async drain(): Promise<void> {
      await working;
    },
  };
}
