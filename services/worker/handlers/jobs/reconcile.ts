import type { Context } from "moleculer";
import type { ResultOf } from "../../../../contracts/define-contract.ts";
import { callService } from "../../../../mixins/calls.ts";
import { messagingContract } from "../../../../mixins/messaging/contract.ts";
import { inventory } from "../../../inventory/contract.ts";
import { orders } from "../../../orders/contract.ts";
import { participants } from "../../domain/participants.ts";
import { isRepublishDue, type Republished } from "../../domain/republish.ts";
import { judge } from "../../domain/settlement.ts";
import { JobIncomplete, type RunJob } from "../../jobs/job.ts";
import type { Streams } from "../../providers/streams.ts";
import { askAll } from "./ask-all.ts";

const BATCH = 100;
/** One run looks at so many orders; the next one goes on behind them. */
const BATCHES_A_RUN = 20;
/** Orders that are not looked at any more have ended elsewhere. */
const FORGET_MS = 15 * 60_000;

type Unsettled = ResultOf<typeof orders.calls.listUnsettled>["items"][number];

/**
 * Looks at the orders that are not settled, the longest unchanged first: settles those of which nothing is left to do,
 * and has the messages published again of those that miss some. Orders that can not be settled take their turn with all
 * others: a run goes on where the last one stopped, and starts anew behind the last order.
 */
export function reconcile({
  streams,
  clock,
  batchesARun = BATCHES_A_RUN,
}: {
  streams: Pick<Streams, "survey">;
  clock: () => number;
  batchesARun?: number;
}): RunJob {
  const republished = new Map<string, Republished>();
  let cursor: string | null = null;

  return async (ctx, { signal }) => {
    const did = { looked: 0, settled: 0, republished: 0 };
    const silent = new Set<string>();
    for (let batch = 0; batch < batchesARun; batch++) {
      signal.throwIfAborted();
      const page = await listUnsettled(ctx);
      const { settled, untold, unheard } = await examine(ctx, page.items);
      did.looked += page.items.length;
      did.settled += settled;
      did.republished += await republish(ctx, untold);
      for (const service of unheard) silent.add(service);
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    for (const [orderId, { atMs }] of republished)
      if (atMs < clock() - FORGET_MS) republished.delete(orderId);
    if (silent.size === 0) return did;
    throw new JobIncomplete(`No answer from ${[...silent].join(", ")}: nothing was settled there`, did);
  };

  function listUnsettled(ctx: Context): Promise<ResultOf<typeof orders.calls.listUnsettled>> {
    return callService(ctx, orders.calls.listUnsettled, { limit: BATCH, ...(cursor ? { cursor } : {}) });
  }

  /** Settles what can be; an order is settled only when every service has answered for it. */
  async function examine(ctx: Context, candidates: readonly Unsettled[]) {
    if (candidates.length === 0) return { settled: 0, untold: [], unheard: [] };
    const orderIds = candidates.map(({ orderId }) => orderId);
    const held = await askAll([inventory.service], () =>
      callService(ctx, inventory.calls.reservationsOf, { orderIds }),
    );
    const told = await askAll(participants, (service) =>
      callService(ctx, messagingContract(service).calls.messagesOf, { orderIds }),
    );
    const messages = told.answers.flatMap((answer) => answer.messages);
    const missed = await askAll(participants, (service) =>
      callService(ctx, messagingContract(service).calls.missingOf, { messages }),
    );
    const { settled, untold } = judge(candidates, {
      missing: missed.answers.flatMap(({ missing }) => missing),
      reservations: held.answers.flatMap(({ reservations }) => reservations),
    });
    const unheard = [...held.silent, ...told.silent, ...missed.silent];
    if (unheard.length > 0 || settled.length === 0) return { settled: 0, untold, unheard };
    const answer = await callService(ctx, orders.calls.settle, {
      orders: settled.map(({ orderId, version }) => ({ orderId, version })),
    });
    for (const { orderId } of settled) republished.delete(orderId);
    return { settled: answer.settled, untold, unheard };
  }

  /** Every service publishes all its messages of these orders again, unless copies are on their way already. */
  async function republish(ctx: Context, untold: readonly Unsettled[]): Promise<number> {
    if (untold.length === 0) return 0;
    const now = { nowMs: clock(), streams: await streams.survey() };
    const orderIds = untold
      .map(({ orderId }) => orderId)
      .filter((orderId) => isRepublishDue(republished.get(orderId), now));
    if (orderIds.length === 0) return 0;
    const { answers } = await askAll(participants, (service) =>
      callService(ctx, messagingContract(service).calls.publishAgain, { orderIds }),
    );
    for (const orderId of orderIds) republished.set(orderId, { atMs: now.nowMs, streams: now.streams });
    const published = answers.reduce((sum, answer) => sum + answer.published, 0);
    ctx.service?.logger.warn({ orders: orderIds.length, published }, "messages published again");
    return orderIds.length;
  }
}
