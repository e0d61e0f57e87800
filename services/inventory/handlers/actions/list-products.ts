import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** The catalogue, newest first. */
export function listProducts({
  products,
}: InventoryDependencies): Handler<typeof inventory.calls.listProducts> {
  return (params) => products.list(params);
}
