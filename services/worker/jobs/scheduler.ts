import { newId } from "../../../contracts/ids.ts";
import { type Done, dueAt, type Ending, type JobRun, type JobState } from "../domain/job-run.ts";
import type { JobRuns } from "../repositories/job-runs.ts";
import { type Job, JobIncomplete } from "./job.ts";
import type { Leadership } from "./leadership.ts";

export interface SchedulerLogger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

/** Runs a job once, as a request of its own. */
export type Execute = (job: Job, run: { signal: AbortSignal; requestId: string }) => Promise<Done>;

export interface Scheduler {
  start(): void;
  /** Ends the runs under way and lets another node lead. */
  stop(): Promise<void>;
}

/**
 * Starts the runs that are due while this node leads. A tick that was missed, by all nodes or by a run that took too
 * long or was lost, is caught up once.
 * @param concurrency runs of different jobs at a time; one job never runs twice on a node
 * @param onLeadLost told when this node led and does not any more
 */
export function createScheduler({
  jobs,
  runs,
  leadership,
  execute,
  node,
  clock,
  logger,
  onLeadLost = () => {},
  everyMs = 1_000,
  concurrency = 4,
}: {
  jobs: readonly Job[];
  runs: JobRuns;
  leadership: Leadership;
  execute: Execute;
  node: string;
  clock: () => number;
  logger: SchedulerLogger;
  onLeadLost?: (() => void) | undefined;
  everyMs?: number | undefined;
  concurrency?: number | undefined;
}): Scheduler {
  const running = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let looking: Promise<void> | undefined;
  let leads = false;

  async function look(): Promise<void> {
    const held = await leadership.hold();
    if (held !== leads) logger.info({ node }, held ? "leads the jobs" : "does not lead the jobs any more");
    if (leads && !held) {
      onLeadLost();
      for (const { abort } of running.values()) abort.abort(new Error("the lead was lost"));
    }
    leads = held;
    if (leads) await startDue();
  }

  async function startDue(): Promise<void> {
    const now = clock();
    const states = await runs.states(
      jobs.map(({ name }) => name),
      now,
    );
    for (const [index, job] of jobs.entries()) {
      const state = states[index] as JobState;
      if (timer === undefined || running.has(job.name) || running.size >= concurrency) continue;
      if (dueAt(job.cron, state) <= now) await begin(job, state);
    }
  }

  async function begin(job: Job, state: JobState): Promise<void> {
    const nowMs = clock();
    const run = await runs.begin(state, { id: newId("run", nowMs), node, nowMs });
    if (!run) return;
    const abort = new AbortController();
    const ended = perform(job, run, abort)
      .catch((error) => logger.warn({ job: job.name, error: String(error) }, "a job's end is not recorded"))
      .finally(() => running.delete(job.name));
    running.set(job.name, { abort, ended });
  }

  async function perform(job: Job, run: JobRun, abort: AbortController): Promise<void> {
    const timeout = setTimeout(
      () => abort.abort(new Error(`not done within ${job.timeoutMs} ms`)),
      job.timeoutMs,
    );
    const requestId = newId("req", run.startedAt);
    const ending = await execute(job, { signal: abort.signal, requestId })
      .then((did): Ending => ({ outcome: "succeeded", did }), failureOf)
      .finally(() => clearTimeout(timeout));
    log(job, requestId, ending);
    // A run that was stopped with its node, or had to, is to be done again.
    const isStopped = ending.outcome === "failed" && abort.signal.aborted && (!leads || timer === undefined);
    await runs.end(run, isStopped ? { ...ending, outcome: "aborted" } : ending, clock());
  }

  function log({ name }: Job, requestId: string, { outcome, error, did = {} }: Ending): void {
    const details = { job: name, requestId, ...(error === undefined ? {} : { error }), ...did };
    if (outcome !== "succeeded") logger.warn(details, "job failed");
    else if (Object.values(did).some((count) => count > 0)) logger.info(details, "job done");
    else logger.debug(details, "job done");
  }

  return {
    start() {
      const lookAgain = () => {
        looking ??= look()
          .catch((error) => logger.warn({ error: String(error) }, "jobs not started, tried again"))
          .finally(() => {
            looking = undefined;
          });
      };
      timer = setInterval(lookAgain, everyMs);
      lookAgain();
    },

    async stop() {
      clearInterval(timer);
      timer = undefined;
      await looking;
      for (const { abort } of running.values()) abort.abort(new Error("the node stops"));
      await Promise.all([...running.values()].map(({ ended }) => ended));
      if (leads) await leadership.release();
      leads = false;
    },
  };
}

function failureOf(error: unknown): Ending {
  const message = error instanceof Error ? error.message : String(error);
  return {
    outcome: "failed",
    error: message,
    ...(error instanceof JobIncomplete ? { did: error.did } : {}),
  };
}
