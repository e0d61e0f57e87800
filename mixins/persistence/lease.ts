import { CommitConflict, collection, insert, replace, type Store, type Write } from "./store.ts";

/** Who may do a thing that only one process at a time should do. */
export type Lease = {
  readonly name: string;
  readonly holder: string;
  /** Unix time in milliseconds; the lease is free from then on. */
  readonly expiresAt: number;
  readonly version: number;
};

export const leases = collection<Lease>({ name: "leases", key: "name" });

export interface Leases {
  /**
   * Takes a lease that is free, or prolongs one's own; answers whether `holder` has it now.
   * A holder that pauses for longer than `ttlMs` has lost it without knowing: what it guards must be safe to do twice.
   */
  acquire(name: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Who has the lease now, if anybody. */
  holderOf(name: string): Promise<string | undefined>;
  /** Gives one's own lease back before its time; another's stays as it is. */
  release(name: string, holder: string): Promise<void>;
}

/**
 * Leases in the service's own store, which must hold the collection `leases`.
 * @param clock Unix time in milliseconds; clocks of different machines may differ by less than a lease's time
 */
export function createLeases({
  store,
  clock = Date.now,
}: {
  store: Pick<Store, "get" | "commit">;
  clock?: () => number;
}): Leases {
  /** Whoever commits first has the lease; the other one's condition does not hold any more. */
  async function wins(write: Write): Promise<boolean> {
    try {
      await store.commit([write]);
      return true;
    } catch (error) {
      if (error instanceof CommitConflict) return false;
      throw error;
    }
  }

  return {
    async acquire(name, holder, ttlMs) {
      const now = clock();
      const lease = await store.get(leases, name);
      if (!lease) return wins(insert(leases, { name, holder, expiresAt: now + ttlMs, version: 1 }));
      const { version } = lease;
      if (lease.holder !== holder && lease.expiresAt > now) return false;
      return wins(
        replace(leases, { name, holder, expiresAt: now + ttlMs, version: version + 1 }, { version }),
      );
    },

    async holderOf(name) {
      const lease = await store.get(leases, name);
      return lease && lease.expiresAt > clock() ? lease.holder : undefined;
    },

    async release(name, holder) {
      const lease = await store.get(leases, name);
      if (lease?.holder !== holder) return;
      const { version } = lease;
      // Replaced, not removed: a removal would take a lease that another holder has got meanwhile.
      await wins(replace(leases, { ...lease, expiresAt: 0, version: version + 1 }, { version }));
    },
  };
}
