import { newId } from "../../../../contracts/ids.ts";
import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import { retryOnConflict } from "../../../../mixins/persistence/retry-on-conflict.ts";
import type { orders } from "../../../orders/contract.ts";
import { holdOrReject, type Outcome } from "../../domain/reservation.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/**
 * Step 5 of the saga: holds stock for every line of a placed order, or for none when any is short. An order that
 * has a reservation already, maybe because it ended before this message came, holds nothing.
 */
export function holdStock({
  reservations,
  clock,
  holdSeconds,
}: InventoryDependencies): MessageHandler<typeof orders.events.placed> {
  return ({ data: { order } }, delivery, ctx) =>
    retryOnConflict(async () => {
      if (await reservations.find(order.id)) return;
      const nowMs = clock();
      const heldUntil = new Date(nowMs + holdSeconds * 1000).toISOString();
      const lines = order.items.map(({ sku, quantity }) => ({ sku, quantity }));
      const outcome = holdOrReject(
        { id: newId("rsv", nowMs), orderId: order.id, heldUntil },
        lines,
        await reservations.availabilityFor(lines),
      );
      await reservations.save(outcome, nowMs, delivery);
      logOutcome(outcome, ctx);
    });
}

function logOutcome({ reservation, messages }: Outcome, ctx: Parameters<MessageHandler>[2]): void {
  const [told] = messages;
  ctx.service?.logger.info(
    { ...told?.data },
    reservation.status === "held" ? "stock reserved" : "stock rejected",
  );
}
