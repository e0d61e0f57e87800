import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { failFulfilment as decide } from "../../domain/order.ts";
import { toOrder } from "../../domain/order-record.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** Capture or shipment failed for good: cancels past the point of no return, and undoes what was done. */
export function failFulfilment({
  repository,
  clock,
}: OrdersDependencies): Handler<typeof orders.calls.failFulfilment> {
  return async ({ orderId, reason }, ctx) => {
    const cause = { at: new Date(clock()).toISOString(), by: "worker", reason };
    const order = await repository.change(orderId, (current) => decide(current, cause));
    ctx.service?.logger.info({ orderId, reason, status: order.status }, "fulfilment failed for good");
    return toOrder(order);
  };
}
