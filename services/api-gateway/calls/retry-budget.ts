/** Tries that may be repeated at once after a quiet time, such as those that a dying node takes with it. */
const MOST = 100;
/** Each call earns a fifth of a retry: when much fails, retries add at most a fifth to the load. */
const EARNED_BY_CALL = 0.2;

export interface RetryBudget {
  /** A call is placed for the first time. */
  earn(): void;
  /** Takes one retry out of the budget; false when there is none left. */
  spend(): boolean;
}

/** How many retries a gateway may place, so that they never drown a cluster that is overloaded (a token bucket). */
export function createRetryBudget(): RetryBudget {
  let left = MOST;
  return {
    earn() {
      left = Math.min(MOST, left + EARNED_BY_CALL);
    },
    spend() {
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
