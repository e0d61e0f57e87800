import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { OrderNotFound } from "../../domain/errors.ts";
import { toOrder } from "../../domain/order-record.ts";
import { maySee } from "../../domain/who-may-see.ts";
import type { OrdersDependencies } from "../dependencies.ts";
import { signedIn } from "../signed-in.ts";

/** One order; somebody else's looks like a missing one. */
export function getOrder({ repository }: OrdersDependencies): Handler<typeof orders.calls.get> {
  return async ({ orderId }, ctx) => {
    const user = signedIn(ctx);
    const order = await repository.get(orderId);
    if (!maySee(user, order)) throw new OrderNotFound(orderId);
    return toOrder(order);
  };
}
