import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** Changes a product's name, description or price; orders keep those of their placing. */
export function updateProduct({
  products,
  keys,
  clock,
}: InventoryDependencies): Handler<typeof inventory.calls.updateProduct> {
  return ({ sku, change, idempotency }, ctx) =>
    keys.once(idempotency, {
      async effect() {
        const product = await products.change(sku, change, keys.remember(idempotency, sku, clock()));
        ctx.service?.logger.info({ sku, version: product.version }, "product changed");
        return { product, replayed: false };
      },
      replay: async (remembered) => ({ product: await products.get(remembered), replayed: true }),
    });
}
