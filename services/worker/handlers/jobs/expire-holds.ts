import type { ResultOf } from "../../../../contracts/define-contract.ts";
import { callService } from "../../../../mixins/calls.ts";
import { inventory } from "../../../inventory/contract.ts";
import { orders } from "../../../orders/contract.ts";
import { eachAtOnce } from "../../jobs/each-at-once.ts";
import { JobIncomplete, type RunJob } from "../../jobs/job.ts";

const PAGE = 200;
const AT_ONCE = 8;

/**
 * Ends the orders whose hold has run out. Inventory says which, orders says whether they end: one whose fulfilment has
 * begun stays, and is named again while its stock is held. So all pages are read, and none stands in another's way.
 */
export function expireHolds(): RunJob {
  return async (ctx, { signal }) => {
    let overdue = 0;
    let expired = 0;
    let failed = 0;
    let firstFailure: unknown;
    let cursor: string | null = null;
    do {
      const page: ResultOf<typeof inventory.calls.listExpired> = await callService(
        ctx,
        inventory.calls.listExpired,
        { limit: PAGE, ...(cursor ? { cursor } : {}) },
      );
      const result = await eachAtOnce(page.orderIds, { concurrency: AT_ONCE, signal }, async (orderId) => {
        const { status } = await callService(ctx, orders.calls.expire, { orderId });
        if (status === "cancelled") expired += 1;
      });
      signal.throwIfAborted();
      overdue += page.orderIds.length;
      failed += result.failed;
      firstFailure ??= result.firstFailure;
      cursor = page.nextCursor;
    } while (cursor);
    const did = { overdue, expired, failed };
    if (failed === 0) return did;
    throw new JobIncomplete(`${failed} of ${overdue} orders could not be expired: ${firstFailure}`, did);
  };
}
