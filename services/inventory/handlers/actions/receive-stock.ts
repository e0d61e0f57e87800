import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import { moveStock } from "../../domain/stock.ts";
import { plainMovement } from "../../repositories/movements.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** Adds received units to the stock of a product. */
export function receiveStock({
  products,
  movements,
  keys,
  clock,
}: InventoryDependencies): Handler<typeof inventory.calls.receiveStock> {
  return ({ sku, receipt: { quantity, note }, idempotency }, ctx) =>
    keys.once(idempotency, {
      async effect() {
        await products.get(sku);
        const nowMs = clock();
        const movement = plainMovement({ ...moveStock("receipt", { sku, quantity }), note }, nowMs);
        await movements.record(movement, keys.remember(idempotency, movement.id, nowMs));
        ctx.service?.logger.info({ sku, quantity }, "stock received");
        return { movement, replayed: false };
      },
      replay: async (movementId) => ({ movement: await movements.get(movementId), replayed: true }),
    });
}
