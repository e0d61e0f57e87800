/** One circuit breaker for one thing outside the cluster: while it keeps failing, calls fail at once instead of waiting for it. */
import CircuitBreaker from "opossum";

export interface BreakerLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface Breaker {
  /**
   * Runs the work, unless the breaker is open.
   * @throws {Error} what the work threw, or opossum's own error (`isBreakerOpen`)
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** For good: what comes later fails at once. */
  close(): void;
}

/**
 * Opens when more than half of at least `minCalls` calls within 10 s failed; after `halfOpenMs` one call tries again.
 * The work must end by itself: the breaker has no time-out.
 * @param name stands in the log lines
 * @param isAnswer tells errors by which the other side did answer: they don't count as failures
 */
export function createBreaker({
  name,
  isAnswer,
  logger,
  minCalls = 10,
  halfOpenMs = 1_000,
}: {
  name: string;
  isAnswer: (error: unknown) => boolean;
  logger?: BreakerLogger | undefined;
  minCalls?: number | undefined;
  halfOpenMs?: number | undefined;
}): Breaker {
  const breaker = new CircuitBreaker((work: () => Promise<unknown>) => work(), {
    name,
    timeout: false,
    errorThresholdPercentage: 50,
    volumeThreshold: minCalls,
    resetTimeout: halfOpenMs,
    errorFilter: isAnswer,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
  });
  breaker.on("open", () => logger?.warn({ breaker: name }, "circuit breaker opened"));
  breaker.on("close", () => logger?.info({ breaker: name }, "circuit breaker closed"));
  return {
    run: <T>(work: () => Promise<T>) => breaker.fire(work) as Promise<T>,
    close: () => breaker.shutdown(),
  };
}

/** The breaker itself refused: nothing was sent. */
export function isBreakerOpen(error: unknown): boolean {
  return error instanceof Error && CircuitBreaker.isOurError(error);
}
