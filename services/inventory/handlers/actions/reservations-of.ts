import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** Where the stock of these orders is. */
export function reservationsOf({
  reservations,
}: InventoryDependencies): Handler<typeof inventory.calls.reservationsOf> {
  return async ({ orderIds }) => {
    const found = await reservations.findAll(orderIds);
    return { reservations: found.map(({ orderId, status }) => ({ orderId, status })) };
  };
}
