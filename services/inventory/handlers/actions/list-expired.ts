import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** The orders whose hold has run out. Nothing is released here: whether an order ends is for orders to say. */
export function listExpired({
  reservations,
  clock,
}: InventoryDependencies): Handler<typeof inventory.calls.listExpired> {
  return (page) => reservations.listExpired({ at: new Date(clock()).toISOString(), ...page });
}
