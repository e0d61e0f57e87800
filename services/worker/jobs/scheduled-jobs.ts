import type { Context, Service, ServiceAction, ServiceSchema } from "moleculer";
import type { RequestMeta } from "../../../mixins/observability/request-context.ts";
import type { Done } from "../domain/job-run.ts";
import type { JobRuns } from "../repositories/job-runs.ts";
import type { Job } from "./job.ts";
import { createLeadership, type JobLeases } from "./leadership.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";

/**
 * Mixin: a service declares its jobs as a table. Each run is a private broker action with a request id of its own,
 * through all middlewares; one node at a time starts them. Place it before what the jobs need, so that it stops first.
 * @param leaseMs how long jobs wait when the node that leads has died
 * @param everyMs how often it is looked whether a job is due
 */
export function scheduledJobs({
  jobs,
  runs,
  leases,
  clock,
  leaseMs,
  everyMs,
  onLeadLost,
}: {
  jobs: readonly Job[];
  runs: JobRuns;
  leases: JobLeases;
  clock: () => number;
  leaseMs?: number | undefined;
  everyMs?: number | undefined;
  onLeadLost?: (service: Service) => void;
}): Partial<ServiceSchema> {
  let scheduler: Scheduler | undefined;

  return {
    actions: Object.fromEntries(jobs.map((job) => [actionName(job), toAction(job)])),

    started(this: Service) {
      const node = this.broker.nodeID;
      scheduler = createScheduler({
        jobs,
        runs,
        leadership: createLeadership({ leases, holder: node, clock, ...(leaseMs ? { leaseMs } : {}) }),
        node,
        clock,
        logger: this.logger,
        everyMs,
        onLeadLost: () => onLeadLost?.(this),
        execute: (job, { signal, requestId }) => {
          const action = this.actions[actionName(job)] as ServiceAction;
          // Not tracked: a stopping node does not wait for the run's end, it ends the run.
          return action({ signal }, { requestID: requestId, tracking: false }) as Promise<Done>;
        },
      });
      scheduler.start();
      return Promise.resolve();
    },

    async stopped() {
      await scheduler?.stop();
    },
  };
}

function toAction({ run }: Job) {
  return {
    visibility: "private",
    // The scheduler ends it: a time-out here would leave the run going on unseen.
    timeout: 0,
    handler: (ctx: Context<{ signal: AbortSignal }, RequestMeta>) =>
      run(ctx as Context<unknown, RequestMeta>, ctx.params),
  } as const;
}

function actionName({ name }: Job): string {
  return `job.${name}`;
}
