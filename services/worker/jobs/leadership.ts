/** Which node starts the runs of all jobs: the one that holds the lease. */

export const JOBS_LEASE = "jobs";
const LEASE_MS = 10_000;

/** See `createLeases`. */
export interface JobLeases {
  acquire(name: string, holder: string, ttlMs: number): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
  holderOf(name: string): Promise<string | undefined>;
}

export interface Leadership {
  /** Takes the lead when it is free, or keeps it; answers whether this node leads now. */
  hold(): Promise<boolean>;
  /** Lets another node lead at once. */
  release(): Promise<void>;
}

/**
 * @param holder the node's id
 * @param leaseMs how long the lead lasts unless it is prolonged: half of it is left then
 */
export function createLeadership({
  leases,
  holder,
  clock,
  leaseMs = LEASE_MS,
}: {
  leases: Pick<JobLeases, "acquire" | "release">;
  holder: string;
  clock: () => number;
  leaseMs?: number;
}): Leadership {
  let heldUntil = 0;

  return {
    async hold() {
      const now = clock();
      if (heldUntil - now > leaseMs / 2) return true;
      try {
        heldUntil = (await leases.acquire(JOBS_LEASE, holder, leaseMs)) ? now + leaseMs : 0;
      } catch {
        // The store does not answer: the lead lasts as long as it was given.
      }
      return heldUntil > clock();
    },

    async release() {
      heldUntil = 0;
      await leases.release(JOBS_LEASE, holder);
    },
  };
}
