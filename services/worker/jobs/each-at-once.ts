/**
 * Works on all items, some at once; no new one is begun once the signal is aborted.
 * @returns how many were done, and the first failure of those that were not
 */
export async function eachAtOnce<T>(
  items: readonly T[],
  { concurrency, signal }: { concurrency: number; signal: AbortSignal },
  work: (item: T) => Promise<void>,
): Promise<{ done: number; failed: number; firstFailure?: unknown }> {
  const failures: unknown[] = [];
  let done = 0;
  let next = 0;

  async function worker(): Promise<void> {
    while (next < items.length && !signal.aborted) {
      const item = items[next++] as T;
      await work(item).then(
        () => {
          done += 1;
        },
        (error) => failures.push(error),
      );
    }
  }

  await Promise.all(Array.from({ length: concurrency }, worker));
  return {
    done,
    failed: failures.length,
    ...(failures.length > 0 ? { firstFailure: failures[0] } : {}),
  };
}
