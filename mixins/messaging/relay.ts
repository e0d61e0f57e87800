import type { Leases } from "../persistence/lease.ts";
import type { Store } from "../persistence/store.ts";
import { type OutboxRow, outboxRows } from "./outbox.ts";
import type { Publisher } from "./publisher.ts";

const LEASE = "outbox-relay";
/** Longer than a batch takes, so that a relay keeps its lease; short, so that a dead one is soon replaced. */
const LEASE_MS = 6_000;
const BATCH = 200;

export interface Relay {
  /** Publishes all overdue rows now, if no other process does; answers how many it took up. */
  run(): Promise<number>;
  /** Publishes all rows that are pending now, however young, as soon as a run under way has ended. */
  runForAll(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Publishes what a crash or an outage left behind in a service's outbox: at start, then by a timer.
 * One process of the service relays at a time, by a lease.
 * @param overdueAfterMs younger rows are left to the process that committed them, which is publishing them now
 */
export function startRelay({
  store,
  publisher,
  leases,
  holder,
  onError,
  clock = Date.now,
  everyMs = 1_000,
  overdueAfterMs = 2_000,
}: {
  store: Pick<Store, "find">;
  publisher: Pick<Publisher, "publishAgain">;
  leases: Pick<Leases, "acquire">;
  holder: string;
  onError: (error: unknown) => void;
  clock?: () => number;
  everyMs?: number;
  overdueAfterMs?: number;
}): Relay {
  let running: Promise<number> | undefined;
  let stopped = false;
  const timer = setInterval(() => void run().catch(onError), everyMs);
  void run().catch(onError);

  function run(): Promise<number> {
    running ??= start(clock() - overdueAfterMs);
    return running;
  }

  async function runForAll(): Promise<number> {
    await running?.catch(() => {});
    // Rows of this very millisecond too.
    running ??= start(clock() + 1);
    return running;
  }

  function start(before: number): Promise<number> {
    return relayAll(before).finally(() => {
      running = undefined;
    });
  }

  async function relayAll(before: number): Promise<number> {
    let count = 0;
    // Rows that could not be published stay pending: each page starts behind the last one, the next run takes them up.
    let last: OutboxRow | undefined;
    while (!stopped) {
      const rows = await nextPage(before, last);
      if (rows.length === 0 || !(await leases.acquire(LEASE, holder, LEASE_MS))) return count;
      await publisher.publishAgain(rows);
      count += rows.length;
      if (rows.length < BATCH) return count;
      last = rows.at(-1);
    }
    return count;
  }

  /** The oldest pending rows after `last`, in the order of their time and id: many may share one millisecond. */
  async function nextPage(before: number, last: OutboxRow | undefined): Promise<OutboxRow[]> {
    const orderBy = [{ field: "createdAt", direction: "asc" }] as const;
    if (!last)
      return store.find(outboxRows, {
        where: { pending: 1, createdAt: { lt: before } },
        orderBy,
        limit: BATCH,
      });
    const { id, createdAt } = last;
    const sameTime = await store.find(outboxRows, {
      where: { pending: 1, createdAt, id: { gt: id } },
      orderBy,
      limit: BATCH,
    });
    if (sameTime.length === BATCH) return sameTime;
    const later = await store.find(outboxRows, {
      where: { pending: 1, createdAt: { gt: createdAt, lt: before } },
      orderBy,
      limit: BATCH - sameTime.length,
    });
    return [...sameTime, ...later];
  }

  return {
    run,
    runForAll,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running?.catch(onError);
    },
  };
}
