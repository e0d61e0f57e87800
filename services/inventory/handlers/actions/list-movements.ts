import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** The stock ledger of one product, newest first. */
export function listMovements({
  products,
  movements,
}: InventoryDependencies): Handler<typeof inventory.calls.listMovements> {
  return async (params) => {
    await products.get(params.sku);
    return movements.list(params);
  };
}
