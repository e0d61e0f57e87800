import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** One product. */
export function getProduct({ products }: InventoryDependencies): Handler<typeof inventory.calls.getProduct> {
  return ({ sku }) => products.get(sku);
}
