import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { fulfil } from "../../domain/order.ts";
import { toOrder } from "../../domain/order-record.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** The last step forward: payment is captured and stock shipped. */
export function fulfilOrder({ repository, clock }: OrdersDependencies): Handler<typeof orders.calls.fulfil> {
  return async ({ orderId }, ctx) => {
    const at = new Date(clock()).toISOString();
    const order = await repository.change(orderId, (current) => fulfil(current, { at, by: "worker" }));
    ctx.service?.logger.info({ orderId }, "order fulfilled");
    return toOrder(order);
  };
}
