/** What the worker takes. The only file of worker that other services may import. */
import { z } from "zod";
import { call, command, defineContract } from "../../contracts/define-contract.ts";
import { OrderId, Timestamp } from "../../contracts/shapes.ts";

/** One run of a job. `aborted`: stopped on the way, to be done again; `lost`: its node died on the way. */
const JobRun = z.strictObject({
  id: z.string(),
  node: z.string(),
  outcome: z.enum(["running", "succeeded", "failed", "aborted", "lost"]),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
  error: z.string().optional(),
  /** What it has done, as numbers by name. */
  did: z.record(z.string(), z.int()).optional(),
});

/** A scheduled job. */
export const ScheduledJob = z.strictObject({
  name: z.string(),
  purpose: z.string(),
  /** A cron expression in UTC; with six fields, the first one is seconds. */
  schedule: z.string(),
  timeoutMs: z.int(),
  lastRun: JobRun.nullable(),
  /** In the past when it is overdue. */
  nextRun: Timestamp,
  /** The node that starts the runs; null while none does. */
  leader: z.string().nullable(),
});

/** What the invariant monitor found when it last made a check. */
export const InvariantReport = z.strictObject({
  check: z.string(),
  /** What must always hold, in a sentence. */
  rule: z.string(),
  /** Null until it was checked for the first time. */
  checkedAt: Timestamp.nullable(),
  /** How many things were looked at. */
  checked: z.int(),
  /** How many violations there are; the first 100 are listed. */
  found: z.int(),
  violations: z.array(z.strictObject({ subject: z.string(), problem: z.string() })),
  /** Why the check could not be made. */
  error: z.string().optional(),
});

export const worker = defineContract("worker", {
  calls: {
    /** All scheduled jobs. */
    listJobs: call({
      params: z.strictObject({}),
      result: z.strictObject({ items: z.array(ScheduledJob) }),
      idempotent: true,
    }),
    /** What the invariant monitor checked, when, and what it found. */
    invariants: call({
      params: z.strictObject({}),
      result: z.strictObject({ items: z.array(InvariantReport) }),
      idempotent: true,
    }),
  },
  events: {},
  commands: {
    /** Claim, capture, ship and fulfil a confirmed order. */
    shipFulfilment: command("fulfilment.ship", z.strictObject({ orderId: OrderId })),
  },
});
