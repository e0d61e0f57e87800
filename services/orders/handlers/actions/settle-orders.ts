import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** Settles orders of which nothing is left to do, as they were when somebody made sure of it. */
export function settleOrders({ repository }: OrdersDependencies): Handler<typeof orders.calls.settle> {
  return async ({ orders: candidates }) => {
    const settled = await Promise.all(
      candidates.map(({ orderId, version }) => repository.settle(orderId, { version })),
    );
    return { settled: settled.filter(Boolean).length };
  };
}
