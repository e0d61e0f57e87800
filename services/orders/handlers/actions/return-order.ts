import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { returnOrder as decide } from "../../domain/order.ts";
import { changeOnce } from "../change-once.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** A fulfilled order has come back; returning again changes nothing. The gateway lets only operators in. */
export function returnOrder(deps: OrdersDependencies): Handler<typeof orders.calls.return> {
  return (params, ctx) => changeOnce(deps, ctx, params, { decide, done: "order returned" });
}
