import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** Which of these orders are settled; what does not exist is not. */
export function settledOf({ repository }: OrdersDependencies): Handler<typeof orders.calls.settledOf> {
  return async ({ orderIds }) => {
    const found = await repository.findAll(orderIds);
    return { orderIds: found.filter(({ settleFrom }) => settleFrom === undefined).map(({ id }) => id) };
  };
}
