import type { Leases } from "../persistence/lease.ts";
import type { Store } from "../persistence/store.ts";
import { outboxRows } from "./outbox.ts";
import type { Publisher } from "./publisher.ts";

const LEASE = "outbox-relay";
const LEASE_MS = 15_000;
const BATCH = 200;

export interface Relay {
  /** Publishes all overdue rows now, if no other process does; answers how many it took up. */
  run(): Promise<number>;
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
    running ??= relayAll().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function relayAll(): Promise<number> {
    let count = 0;
    const before = clock() - overdueAfterMs;
    let from: number | undefined;
    while (!stopped) {
      const rows = await store.find(outboxRows, {
        where: { pending: 1, createdAt: from === undefined ? { lt: before } : { lt: before, gt: from } },
        orderBy: [{ field: "createdAt", direction: "asc" }],
        limit: BATCH,
      });
      if (rows.length === 0 || !(await leases.acquire(LEASE, holder, LEASE_MS))) return count;
      await publisher.publishAgain(rows);
      count += rows.length;
      if (rows.length < BATCH) return count;
      // Rows that could not be published stay pending: go on behind them, the next run takes them up again.
      from = rows.at(-1)?.createdAt;
    }
    return count;
  }

  return {
    run,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running?.catch(onError);
    },
  };
}
