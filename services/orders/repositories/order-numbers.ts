import { retryOnConflict } from "../../../mixins/persistence/retry-on-conflict.ts";
import { collection, insert, replace, type Store } from "../../../mixins/persistence/store.ts";

type Counter = { readonly id: string; readonly version: number; readonly next: number };

export const counters = collection<Counter>({ name: "counters", key: "id" });

const COUNTER = "order-number";
const FIRST = 1001;

export type OrderNumbers = ReturnType<typeof createOrderNumbers>;

/**
 * Unique order numbers. Each node takes a block at a time, so that there is no hot counter; what is left of a block
 * when its node ends is a gap.
 */
export function createOrderNumbers({
  store,
  blockSize = 100,
}: {
  store: Pick<Store, "get" | "commit">;
  blockSize?: number;
}) {
  let next = 0;
  let end = 0;
  let taking: Promise<void> | undefined;

  async function takeBlock(): Promise<void> {
    const start = await retryOnConflict(async () => {
      const counter = await store.get(counters, COUNTER);
      const first = counter?.next ?? FIRST;
      const after = { id: COUNTER, version: (counter?.version ?? 0) + 1, next: first + blockSize };
      await store.commit([
        counter ? replace(counters, after, { version: counter.version }) : insert(counters, after),
      ]);
      return first;
    });
    next = start;
    end = start + blockSize;
  }

  return {
    /** A number that no order has. */
    async take(): Promise<number> {
      while (next >= end) {
        taking ??= takeBlock().finally(() => {
          taking = undefined;
        });
        await taking;
      }
      return next++;
    },
  };
}
