/** The runs of a job: how one begins, how it ends, and which ticks of the schedule it does. */
import { nextTick } from "./schedule.ts";

/** A run that failed is tried again after this time, or at the next tick if that comes first. */
const RETRY_MS = 5 * 60_000;

/** What a run has done, as numbers by name, for example `{ expired: 3 }`. */
export type Done = Readonly<Record<string, number>>;

/** Where a job stands, for all nodes. Times are Unix milliseconds. */
export type JobState = {
  readonly name: string;
  readonly version: number;
  /** No tick up to here is open any more. */
  readonly doneTo: number;
  /** The last run failed: the next one is due by then, whatever the schedule says. */
  readonly retryAt?: number;
  /** The latest run, which may be under way. */
  readonly runId?: string;
};

export type JobRun = {
  readonly id: string;
  readonly job: string;
  readonly node: string;
  readonly version: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** `aborted`: stopped on the way, to be done again; `lost`: its node died on the way. */
  readonly outcome: "running" | "succeeded" | "failed" | "aborted" | "lost";
  readonly error?: string;
  readonly did?: Done;
};

export type Ending = {
  readonly outcome: "succeeded" | "failed" | "aborted";
  readonly error?: string;
  readonly did?: Done;
};

/** A job that nobody has run yet; its first run is at the next tick. */
export function newJob(name: string, nowMs: number): JobState {
  return { name, version: 1, doneTo: nowMs };
}

/** When the job is to run next; in the past when ticks were missed. */
export function dueAt(cron: string, { doneTo, retryAt }: Pick<JobState, "doneTo" | "retryAt">): number {
  return Math.min(nextTick(cron, doneTo), retryAt ?? Number.POSITIVE_INFINITY);
}

/** Begins a run. A run before it that never ended was lost with its node. */
export function beginRun(
  state: JobState,
  latest: JobRun | undefined,
  { id, node, nowMs }: { id: string; node: string; nowMs: number },
): { state: JobState; run: JobRun; lost?: JobRun } {
  const run: JobRun = { id, job: state.name, node, version: 1, startedAt: nowMs, outcome: "running" };
  return {
    state: { ...state, version: state.version + 1, runId: id },
    run,
    ...(latest?.outcome === "running"
      ? { lost: { ...latest, ...ended(latest, nowMs), outcome: "lost" } }
      : {}),
  };
}

/** Ends a run, also one that was given up as lost before. */
export function endRun(run: JobRun, ending: Ending, nowMs: number): JobRun {
  return { ...run, ...ended(run, nowMs), ...ending };
}

/**
 * The job after a run: all ticks up to its start are done, so what was missed is caught up once. Undefined when the run
 * does none: it was stopped on the way, or another run has begun since.
 */
export function afterRun(
  { retryAt: _, ...state }: JobState,
  { id, outcome, startedAt, endedAt = startedAt }: JobRun,
): JobState | undefined {
  if (state.runId !== id || outcome === "aborted") return undefined;
  return {
    ...state,
    version: state.version + 1,
    doneTo: Math.max(state.doneTo, startedAt),
    ...(outcome === "failed" ? { retryAt: endedAt + RETRY_MS } : {}),
  };
}

function ended({ version }: JobRun, nowMs: number) {
  return { version: version + 1, endedAt: nowMs };
}
