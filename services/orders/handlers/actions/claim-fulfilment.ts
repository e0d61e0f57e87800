import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { claim } from "../../domain/order.ts";
import { toOrder } from "../../domain/order-record.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** The point of no return of a confirmed order. */
export function claimFulfilment({
  repository,
  clock,
}: OrdersDependencies): Handler<typeof orders.calls.claimFulfilment> {
  return async ({ orderId }, ctx) => {
    const at = new Date(clock()).toISOString();
    const order = await repository.change(orderId, (current) => claim(current, { at }));
    ctx.service?.logger.info({ orderId }, "fulfilment claimed");
    return toOrder(order);
  };
}
