/** What the worker takes. The only file of worker that other services may import. */
import { z } from "zod";
import { call, command, defineContract } from "../../contracts/define-contract.ts";
import { OrderId, PageParams, pageOf, Timestamp } from "../../contracts/shapes.ts";

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

/** `<consumer>:<event id>`; where no event id could be read, the stream with the message's sequence and time stands for it. */
export const DeadLetterId = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9-]+--[A-Za-z0-9-]+:(evt_[0-9a-f]{32}|[A-Z_]+-\d+-\d+)$/);

/** A message that a consumer has given up: it failed by itself, or killed its process. */
export const DeadLetter = z.strictObject({
  id: DeadLetterId,
  service: z.string(),
  consumer: z.string(),
  eventId: z.string(),
  type: z.string(),
  orderId: z.string(),
  /** Why its consumer gave it up. */
  error: z.strictObject({ code: z.string(), message: z.string() }),
  tries: z.int(),
  at: Timestamp,
  requestId: z.string(),
  traceparent: z.string().optional(),
});
export type DeadLetter = z.output<typeof DeadLetter>;

/** A dead letter with its body: JSON where it is JSON, else text; cut when it is very long. */
export const DeadLetterWithBody = DeadLetter.extend({ body: z.unknown(), bodyIsCut: z.boolean() });

const OneLetter = z.strictObject({ id: DeadLetterId });

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
    /** The dead letters of all services, the newest first. */
    listDeadLetters: call({
      params: z.strictObject(PageParams),
      result: pageOf(DeadLetter),
      idempotent: true,
    }),
    /** Errors: DEAD_LETTER_NOT_FOUND. */
    getDeadLetter: call({ params: OneLetter, result: DeadLetterWithBody, idempotent: true }),
    /**
     * Has the one consumer that failed handle the message once more; the letter goes when that went well.
     * Errors: DEAD_LETTER_NOT_FOUND, REPLAY_FAILED with the `error`.
     */
    replayDeadLetter: call({ params: OneLetter, result: DeadLetter, idempotent: true }),
    /** The message is never handled; the letter goes. Errors: DEAD_LETTER_NOT_FOUND. */
    discardDeadLetter: call({ params: OneLetter, result: DeadLetter, idempotent: true }),
  },
  events: {},
  commands: {
    /** Claim, capture, ship and fulfil a confirmed order. */
    shipFulfilment: command("fulfilment.ship", z.strictObject({ orderId: OrderId })),
  },
});
