import type { Context } from "moleculer";
import type { ResultOf } from "../../../../contracts/define-contract.ts";
import { callService } from "../../../../mixins/calls.ts";
import { keepMs, type MessageRows, retentionContract } from "../../../../mixins/retention/contract.ts";
import { orders } from "../../../orders/contract.ts";
import { type Participant, participants } from "../../domain/participants.ts";
import { JobIncomplete, type RunJob } from "../../jobs/job.ts";
import type { JobRuns } from "../../repositories/job-runs.ts";
import { askAll } from "./ask-all.ts";

const PAGE = 100;
const RUNS_AT_ONCE = 500;
const KEEP_RUNS_MS = 24 * 3_600_000;

/**
 * Has every service remove what is not needed any more, in bounded pieces. Outbox rows go before inbox rows, everywhere:
 * a message that could still be published again must find the row that keeps it from a second effect.
 */
export function retention({ runs, clock }: { runs: JobRuns; clock: () => number }): RunJob {
  return async (ctx, { signal }) => {
    const did = { outbox: 0, inbox: 0, keys: 0, runs: await forgetRuns(signal) };
    const outbox = await askAll(participants, (service) => cleanUp(ctx, signal, service, "outbox"));
    did.outbox = sum(outbox.answers);
    const keys = await askAll(participants, (service) => forgetOld(ctx, signal, service));
    did.keys = sum(keys.answers);
    if (outbox.silent.length > 0) throw incomplete(outbox.silent, did);
    const inbox = await askAll(participants, (service) => cleanUp(ctx, signal, service, "inbox"));
    did.inbox = sum(inbox.answers);
    const silent = [...keys.silent, ...inbox.silent];
    if (silent.length > 0) throw incomplete(silent, did);
    return did;
  };

  async function forgetRuns(signal: AbortSignal): Promise<number> {
    const beforeMs = clock() - KEEP_RUNS_MS;
    let forgotten = 0;
    for (let last = RUNS_AT_ONCE; last === RUNS_AT_ONCE; forgotten += last) {
      signal.throwIfAborted();
      last = await runs.forget({ beforeMs, limit: RUNS_AT_ONCE });
    }
    return forgotten;
  }
}

/** Removes the old rows of settled orders from one service. */
async function cleanUp(
  ctx: Context,
  signal: AbortSignal,
  service: Participant,
  rows: MessageRows,
): Promise<number> {
  const { calls } = retentionContract(service);
  let removed = 0;
  let cursor: string | null = null;
  do {
    signal.throwIfAborted();
    const page: ResultOf<typeof calls.listOldOrders> = await callService(ctx, calls.listOldOrders, {
      rows,
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    });
    const settled = await callService(ctx, orders.calls.settledOf, {
      orderIds: page.orderIds,
      forSeconds: keepMs[rows] / 1_000,
    });
    if (settled.orderIds.length > 0)
      removed += (await callService(ctx, calls.cleanUp, { rows, orderIds: settled.orderIds })).removed;
    cursor = page.nextCursor;
  } while (cursor);
  return removed;
}

async function forgetOld(ctx: Context, signal: AbortSignal, service: Participant): Promise<number> {
  const { forgetOld: forget } = retentionContract(service).calls;
  for (let removed = 0; ; ) {
    signal.throwIfAborted();
    const answer = await callService(ctx, forget, {});
    removed += answer.removed;
    if (!answer.more) return removed;
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function incomplete(silent: readonly string[], did: Record<string, number>): JobIncomplete {
  return new JobIncomplete(`Not cleaned up: ${[...new Set(silent)].join(", ")}`, did);
}
