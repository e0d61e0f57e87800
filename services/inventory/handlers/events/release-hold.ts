import { newId } from "../../../../contracts/ids.ts";
import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import { retryOnConflict } from "../../../../mixins/persistence/retry-on-conflict.ts";
import type { orders } from "../../../orders/contract.ts";
import { barHold, canMove, moveReservation } from "../../domain/reservation.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/**
 * Releases the stock of an order that was rejected or cancelled. Where this comes before `order.placed`, it leaves a
 * tombstone that bars the hold. What is released or shipped already makes the message out of date.
 */
export function releaseHold({
  reservations,
  clock,
}: InventoryDependencies): MessageHandler<typeof orders.events.rejected | typeof orders.events.cancelled> {
  return ({ data: { order } }, delivery, ctx) =>
    retryOnConflict(async () => {
      const orderId = order.id;
      const reservation = await reservations.find(orderId);
      const nowMs = clock();
      if (!reservation) {
        const heldUntil = new Date(nowMs).toISOString();
        await reservations.save(barHold({ id: newId("rsv", nowMs), orderId, heldUntil }), nowMs, delivery);
        ctx.service?.logger.info({ orderId }, "hold barred before the order came");
      } else if (canMove(reservation, "release")) {
        await reservations.save(moveReservation(reservation, "release"), nowMs, delivery);
        ctx.service?.logger.info({ orderId }, "stock released");
      }
    });
}
