import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** Which of these orders have been settled for so long; what does not exist is not. */
export function settledOf({ repository, clock }: OrdersDependencies): Handler<typeof orders.calls.settledOf> {
  return async ({ orderIds, forSeconds }) => {
    const found = await repository.findAll(orderIds);
    const settled = found.filter(({ settleFrom }) => settleFrom === undefined);
    const before = clock() - forSeconds * 1_000;
    return { orderIds: settled.filter(({ settledAt = 0 }) => settledAt <= before).map(({ id }) => id) };
  };
}
