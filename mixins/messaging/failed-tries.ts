/** Tries that a message has whose handling fails by the message itself. */
const TRIES = 4;
/** More messages than a consumer has under way at once, so that none of these is forgotten. */
const REMEMBERED = 2_000;

interface Failed {
  readonly count: number;
  readonly error: unknown;
}

export type FailedTries = ReturnType<typeof createFailedTries>;

/**
 * Counts the tries that failed by the message itself; those that failed by a dependency don't count. In memory: another
 * node, or this one after a restart, may try as often again.
 */
export function createFailedTries() {
  const failed = new Map<string, Failed>();

  return {
    /** How often the message has failed. */
    countOf: (id: string): number => failed.get(id)?.count ?? 0,
    add(id: string, error: unknown): void {
      const count = (failed.get(id)?.count ?? 0) + 1;
      failed.delete(id);
      failed.set(id, { count, error });
      const [oldest] = failed.keys();
      if (failed.size > REMEMBERED && oldest !== undefined) failed.delete(oldest);
    },
    /** The failure of the last try, once there are no more tries. */
    finalFailure(id: string): { readonly error: unknown } | undefined {
      const found = failed.get(id);
      return found && found.count >= TRIES ? found : undefined;
    },
    forget: (id: string): boolean => failed.delete(id),
  };
}
