import type { Handler } from "../../../../mixins/calls.ts";
import type { orders } from "../../contract.ts";
import { canSettle } from "../../domain/settle.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** The orders that may not be settled; nothing but an index is read when all are. */
export function listUnsettled({
  repository,
  clock,
}: OrdersDependencies): Handler<typeof orders.calls.listUnsettled> {
  return async (page) => {
    const { items, nextCursor } = await repository.listUnsettled({ nowMs: clock(), ...page });
    return {
      items: items.map((order) => ({
        orderId: order.id,
        version: order.version,
        canSettle: canSettle(order),
      })),
      nextCursor,
    };
  };
}
