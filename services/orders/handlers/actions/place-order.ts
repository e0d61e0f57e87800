import type { ResultOf } from "../../../../contracts/define-contract.ts";
import { newId } from "../../../../contracts/ids.ts";
import { callService, type Handler } from "../../../../mixins/calls.ts";
import { inventory } from "../../../inventory/contract.ts";
import type { orders } from "../../contract.ts";
import { InsufficientStock, UnknownSku } from "../../domain/errors.ts";
import { toOrder } from "../../domain/order-record.ts";
import { place } from "../../domain/place.ts";
import type { OrdersDependencies } from "../dependencies.ts";
import { signedIn } from "../signed-in.ts";

/** Saga steps 2-4: checks with inventory, stores the order with its key and `order.placed`, answers after the commit. */
export function placeOrder({
  repository,
  numbers,
  idempotency,
  clock,
}: OrdersDependencies): Handler<typeof orders.calls.place> {
  return ({ order: request, idempotency: key }, ctx) => {
    const customer = signedIn(ctx);
    return idempotency.once(key, {
      effect: async (): Promise<ResultOf<typeof orders.calls.place>> => {
        const { products, unknownSkus, shortSkus } = await callService(ctx, inventory.calls.check, {
          items: request.items,
        });
        if (unknownSkus.length > 0) throw new UnknownSku(unknownSkus);
        if (shortSkus.length > 0) throw new InsufficientStock(shortSkus);
        const now = clock();
        const placed = place({
          id: newId("ord", now),
          number: await numbers.take(),
          customer,
          request,
          products,
          at: new Date(now).toISOString(),
        });
        const order = await repository.add(placed, {
          writes: [idempotency.remember(key, placed.order.id, now)],
        });
        ctx.service?.logger.info({ orderId: order.id, number: order.number }, "order placed");
        return { order: toOrder(order), replayed: false };
      },
      replay: async (orderId) => ({ order: toOrder(await repository.get(orderId)), replayed: true }),
    });
  };
}
