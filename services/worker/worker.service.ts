import { join } from "node:path";
import type { Service, ServiceSchema } from "moleculer";
import { answerCalls } from "../../mixins/calls.ts";
import { domainErrors } from "../../mixins/domain-errors.ts";
import { durableMessages, on } from "../../mixins/messaging/durable-messages.ts";
import { createOutbox, messagingCollections, type Outbox } from "../../mixins/messaging/outbox.ts";
import { createLeases } from "../../mixins/persistence/lease.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore } from "../../mixins/persistence/store.ts";
import { storeMixin } from "../../mixins/persistence/store-mixin.ts";
import { retention as retentionOf } from "../../mixins/retention/retention.ts";
import { required, type Settings } from "../../settings.ts";
import { worker } from "./contract.ts";
import { discardDeadLetter } from "./handlers/actions/discard-dead-letter.ts";
import { getDeadLetter } from "./handlers/actions/get-dead-letter.ts";
import { listDeadLetters } from "./handlers/actions/list-dead-letters.ts";
import { listJobs } from "./handlers/actions/list-jobs.ts";
import { replayDeadLetter } from "./handlers/actions/replay-dead-letter.ts";
import { reportInvariants } from "./handlers/actions/report-invariants.ts";
import { shipFulfilment } from "./handlers/commands/ship-fulfilment.ts";
import { expireHolds } from "./handlers/jobs/expire-holds.ts";
import { invariants } from "./handlers/jobs/invariants.ts";
import { purgeStreams } from "./handlers/jobs/purge-streams.ts";
import { reconcile } from "./handlers/jobs/reconcile.ts";
import { retention } from "./handlers/jobs/retention.ts";
import type { Job } from "./jobs/job.ts";
import { scheduledJobs } from "./jobs/scheduled-jobs.ts";
import { forgetViolations, registerViolations } from "./jobs/violations-gauge.ts";
import { createDeadLetterStream } from "./providers/dead-letter-stream.ts";
import { createJetStreamAccess } from "./providers/jetstream-access.ts";
import { createStreams, type Streams } from "./providers/streams.ts";
import { createDeadLetters } from "./repositories/dead-letters.ts";
import {
  createInvariantReports,
  type InvariantReports,
  invariantReportRows,
} from "./repositories/invariant-reports.ts";
import { createJobRuns, type JobRuns, jobRows, jobRunRows } from "./repositories/job-runs.ts";

/** All that the store of the worker holds. */
export const workerCollections = [jobRows, jobRunRows, invariantReportRows, ...messagingCollections];

/** The service with its real store. */
export default function (settings: Settings): ServiceSchema {
  const store = createSqliteStore({
    file: join(settings.DATA_DIR, "worker.sqlite"),
    collections: workerCollections,
  });
  return createWorkerService({
    store,
    outbox: createOutbox({ store }),
    natsUrl: required(settings, "NATS_URL"),
    holdSeconds: settings.HOLD_SECONDS,
  });
}

/** The jobs that run by themselves. */
function jobsOf(deps: {
  streams: Streams;
  runs: JobRuns;
  reports: InvariantReports;
  clock: () => number;
  holdSeconds: number;
}): readonly Job[] {
  return [
    {
      name: "expire-holds",
      cron: "*/5 * * * * *",
      purpose: "Cancels orders whose hold has run out.",
      timeoutMs: 60_000,
      run: expireHolds(),
    },
    {
      name: "reconcile",
      cron: "*/10 * * * * *",
      purpose: "Settles orders, and has messages published again that somebody misses.",
      timeoutMs: 60_000,
      run: reconcile(deps),
    },
    {
      name: "invariants",
      cron: "20 * * * * *",
      purpose: "Checks stock, payments and orders against what must always hold.",
      timeoutMs: 50_000,
      run: invariants(deps),
    },
    {
      name: "purge-streams",
      cron: "40 * * * * *",
      purpose: "Makes room in a stream that is half full.",
      timeoutMs: 30_000,
      run: purgeStreams(deps),
    },
    {
      name: "retention",
      cron: "0 3 * * *",
      purpose: "Removes old messages, idempotency keys and job runs.",
      timeoutMs: 1_800_000,
      run: retention(deps),
    },
  ];
}

/** Every call, command and job that the worker takes. */
export function createWorkerService({
  clock = Date.now,
  holdSeconds,
  ...deps
}: {
  store: ConnectedStore;
  outbox: Outbox;
  natsUrl: string;
  clock?: () => number;
  /** How long stock is held for an order that is not paid. */
  holdSeconds: number;
}): ServiceSchema {
  const jetStream = createJetStreamAccess(deps);
  const streams = createStreams({ jetStream });
  const letters = createDeadLetters({ stream: createDeadLetterStream({ jetStream }) });
  const runs = createJobRuns(deps);
  const reports = createInvariantReports(deps);
  const leases = createLeases({ ...deps, clock });
  const jobs = jobsOf({ streams, runs, reports, clock, holdSeconds });
  const actions = { jobs, runs, reports, leases, clock };
  return {
    name: worker.service,
    mixins: [
      domainErrors(),
      scheduledJobs({ ...actions, leases, onLeadLost: ({ broker }) => forgetViolations(broker) }),
      {
        started(this: Service) {
          return jetStream.connect(`${this.broker.nodeID}-streams`, this.logger);
        },
        stopped: () => jetStream.close(),
      },
      durableMessages({
        ...deps,
        service: worker.service,
        handlers: [on(worker.commands.shipFulfilment, shipFulfilment())],
      }),
      retentionOf({ ...deps, service: worker.service, clock }),
      storeMixin(deps.store),
    ],
    actions: answerCalls(worker.calls, {
      listJobs: listJobs(actions),
      invariants: reportInvariants(actions),
      listDeadLetters: listDeadLetters({ letters }),
      getDeadLetter: getDeadLetter({ letters }),
      replayDeadLetter: replayDeadLetter({ letters }),
      discardDeadLetter: discardDeadLetter({ letters }),
    }),
    created(this: Service) {
      registerViolations(this.broker);
    },
  };
}
