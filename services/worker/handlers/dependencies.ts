import type { Job } from "../jobs/job.ts";
import type { JobLeases } from "../jobs/leadership.ts";
import type { InvariantReports } from "../repositories/invariant-reports.ts";
import type { JobRuns } from "../repositories/job-runs.ts";

/** What the worker's actions work with. */
export interface WorkerDependencies {
  readonly jobs: readonly Job[];
  readonly runs: JobRuns;
  readonly leases: Pick<JobLeases, "holderOf">;
  readonly reports: InvariantReports;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
}
