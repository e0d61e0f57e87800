import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import type { OrderRecord } from "../../domain/order-record.ts";
import { isTerminal, paymentFits } from "../../domain/settle.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/**
 * What is wrong among the orders that are not settled: those that do not end, and ended ones whose payment does not fit.
 * A settled order was checked when it was settled, and every change makes it unsettled again.
 */
export function checkOrders({
  repository,
  clock,
}: OrdersDependencies): Handler<typeof orders.calls.checkOrders> {
  return async ({ stuckAfterSeconds, paymentGraceSeconds, ...page }) => {
    const nowMs = clock();
    const { items, nextCursor } = await repository.listUnsettled({ nowMs, ...page });
    const isOlder = (at: string, seconds: number) => nowMs - Date.parse(at) > seconds * 1000;
    const stuck = items.filter((order) => !isTerminal(order) && isOlder(order.createdAt, stuckAfterSeconds));
    const misfits = items.filter(
      (order) => isTerminal(order) && !paymentFits(order) && isOlder(endedAt(order), paymentGraceSeconds),
    );
    return {
      checked: items.length,
      stuck: stuck.map(({ id, status, createdAt }) => ({
        orderId: id,
        problem: `${status}, and placed at ${createdAt}`,
      })),
      misfits: misfits.map(({ id, status, payment }) => ({
        orderId: id,
        problem: `${status} with a payment that is ${payment.status}`,
      })),
      nextCursor,
    };
  };
}

function endedAt({ history, updatedAt }: OrderRecord): string {
  return history.at(-1)?.at ?? updatedAt;
}
