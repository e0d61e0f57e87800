import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { toOrder } from "../../domain/order-record.ts";
import { seesAll } from "../../domain/who-may-see.ts";
import type { OrdersDependencies } from "../dependencies.ts";
import { signedIn } from "../signed-in.ts";

/** Orders, newest first: all or one customer's for operators, their own for customers, whatever they ask for. */
export function listOrders({ repository }: OrdersDependencies): Handler<typeof orders.calls.list> {
  return async ({ customerId, ...query }, ctx) => {
    const user = signedIn(ctx);
    const { items, nextCursor } = await repository.list({
      ...query,
      customerId: seesAll(user) ? customerId : user.id,
    });
    return { items: items.map(toOrder), nextCursor };
  };
}
