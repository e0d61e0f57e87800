import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { expire } from "../../domain/order.ts";
import { toOrder } from "../../domain/order-record.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** The hold of an order has run out: cancels it, unless its fulfilment has begun or it has ended. */
export function expireOrder({ repository, clock }: OrdersDependencies): Handler<typeof orders.calls.expire> {
  return async ({ orderId }, ctx) => {
    const cause = { at: new Date(clock()).toISOString(), by: "worker" };
    const order = await repository.change(orderId, (current) => expire(current, cause));
    ctx.service?.logger.info({ orderId, status: order.status }, "hold ran out");
    return toOrder(order);
  };
}
