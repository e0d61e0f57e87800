import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { cancel } from "../../domain/order.ts";
import { changeOnce } from "../change-once.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** Ends an order that its customer, or an operator, does not want any more; cancelling again changes nothing. */
export function cancelOrder(deps: OrdersDependencies): Handler<typeof orders.calls.cancel> {
  return (params, ctx) => changeOnce(deps, ctx, params, { decide: cancel, done: "order cancelled" });
}
