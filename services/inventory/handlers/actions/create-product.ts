import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** Adds a product to the catalogue, with its first stock. */
export function createProduct({
  products,
  keys,
  clock,
}: InventoryDependencies): Handler<typeof inventory.calls.createProduct> {
  return ({ product, idempotency }, ctx) =>
    keys.once(idempotency, {
      async effect() {
        const nowMs = clock();
        const bound = keys.remember(idempotency, product.sku, nowMs);
        const created = await products.add(product, bound, nowMs);
        ctx.service?.logger.info({ sku: product.sku, onHand: product.onHand }, "product created");
        return { product: created, replayed: false };
      },
      replay: async (sku) => ({ product: await products.get(sku), replayed: true }),
    });
}
