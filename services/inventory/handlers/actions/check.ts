import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import { shortSkus } from "../../domain/stock.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** Names, prices and availability of an order's lines: a snapshot that binds nobody. */
export function check({ products }: InventoryDependencies): Handler<typeof inventory.calls.check> {
  return async ({ items }) => {
    const found = await products.findAll(items.map(({ sku }) => sku));
    const availability = new Map(found.map(({ sku, available }) => [sku, available]));
    const known = items.filter(({ sku }) => availability.has(sku));
    const unknown = items.filter(({ sku }) => !availability.has(sku));
    return {
      products: found.map(({ sku, name, price, available }) => ({ sku, name, price, available })),
      unknownSkus: unknown.map(({ sku }) => sku),
      shortSkus: shortSkus(known, availability),
    };
  };
}
