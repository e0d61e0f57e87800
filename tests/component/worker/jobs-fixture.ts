/** Nodes that run jobs on one real store: a tick every second, and a lead that is given up soon. */
import { ServiceBroker } from "moleculer";
import { requestContextMiddleware } from "../../../mixins/observability/request-context.ts";
import { createLeases, leases } from "../../../mixins/persistence/lease.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { collection, insert, type Store } from "../../../mixins/persistence/store.ts";
import { storeMixin } from "../../../mixins/persistence/store-mixin.ts";
import { listJobs } from "../../../services/worker/handlers/actions/list-jobs.ts";
import type { Job } from "../../../services/worker/jobs/job.ts";
import { scheduledJobs } from "../../../services/worker/jobs/scheduled-jobs.ts";
import { createInvariantReports } from "../../../services/worker/repositories/invariant-reports.ts";
import { createJobRuns, jobRows, jobRunRows } from "../../../services/worker/repositories/job-runs.ts";

export const EVERY_SECOND = "* * * * * *";
export const LEASE_MS = 1_500;

/** What a job of a test leaves behind. */
export type Mark = { readonly id: string; readonly node: string; readonly requestId: string };
export const marks = collection<Mark>({ name: "marks", key: "id" });

export type JobsNode = Awaited<ReturnType<typeof startJobsNode>>;

/**
 * @param file of the store, which all nodes share
 * @param jobs made with the node's store
 */
export async function startJobsNode({
  file,
  node,
  jobs: makeJobs,
  clock = Date.now,
}: {
  file: string;
  node: string;
  jobs: (store: Store) => readonly Job[];
  clock?: () => number;
}) {
  const store = createSqliteStore({ file, collections: [marks, jobRows, jobRunRows, leases] });
  const jobs = makeJobs(store);
  const runs = createJobRuns({ store });
  const jobLeases = createLeases({ store, clock });
  const deps = { jobs, runs, leases: jobLeases, reports: createInvariantReports({ store }), clock };
  const broker = new ServiceBroker({
    nodeID: node,
    logger: false,
    requestTimeout: 1_000,
    middlewares: [requestContextMiddleware()],
  });
  let lostLead = 0;
  broker.createService({
    name: "worker",
    mixins: [
      scheduledJobs({
        ...deps,
        leaseMs: LEASE_MS,
        everyMs: 50,
        onLeadLost: () => {
          lostLead += 1;
        },
      }),
      storeMixin(store),
    ],
  });
  await broker.start();
  return {
    store,
    marks: () => store.find(marks),
    runs: () => store.find(jobRunRows, { orderBy: [{ field: "startedAt", direction: "asc" }] }),
    listed: async () => (await listJobs(deps)({}, broker as never)).items,
    lostLead: () => lostLead,
    broker,
    stop: () => broker.stop(),
  };
}

/** A job that leaves a mark each second. */
export function markingJob(store: Store, run?: Job["run"]): Job {
  return {
    name: "mark",
    cron: EVERY_SECOND,
    purpose: "Leaves marks.",
    timeoutMs: 5_000,
    run:
      run ??
      (async ({ broker: { nodeID }, requestID }) => {
        const requestId = String(requestID);
        await store.commit([insert(marks, { id: requestId, node: nodeID, requestId })]);
        return { marked: 1 };
      }),
  };
}
