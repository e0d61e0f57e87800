import type { ResultOf } from "../../../../contracts/define-contract.ts";
import type { Handler } from "../../../../mixins/calls.ts";
import type { worker } from "../../contract.ts";
import { dueAt, type JobRun, type JobState } from "../../domain/job-run.ts";
import { JOBS_LEASE } from "../../jobs/leadership.ts";
import type { WorkerDependencies } from "../dependencies.ts";

type ListedRun = NonNullable<ResultOf<typeof worker.calls.listJobs>["items"][number]["lastRun"]>;

/** The jobs, when they ran and when they will, and which node leads them. */
export function listJobs({
  jobs,
  runs,
  leases,
  clock,
}: WorkerDependencies): Handler<typeof worker.calls.listJobs> {
  return async () => {
    const leader = (await leases.holderOf(JOBS_LEASE)) ?? null;
    const names = jobs.map(({ name }) => name);
    const states = await runs.states(names, clock());
    const latest = await Promise.all(states.map(runs.latestRun));
    return {
      items: jobs.map(({ name, cron, purpose, timeoutMs }, index) => ({
        name,
        purpose,
        schedule: cron,
        timeoutMs,
        leader,
        nextRun: toTimestamp(dueAt(cron, states[index] as JobState)),
        lastRun: latest[index] ? toListed(latest[index]) : null,
      })),
    };
  };
}

function toListed({ id, node, outcome, startedAt, endedAt, error, did }: JobRun): ListedRun {
  return {
    id,
    node,
    outcome,
    startedAt: toTimestamp(startedAt),
    endedAt: endedAt === undefined ? null : toTimestamp(endedAt),
    ...(error === undefined ? {} : { error }),
    ...(did === undefined ? {} : { did }),
  };
}

function toTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}
