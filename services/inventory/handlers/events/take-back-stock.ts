import { newId } from "../../../../contracts/ids.ts";
import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import { retryOnConflict } from "../../../../mixins/persistence/retry-on-conflict.ts";
import type { orders } from "../../../orders/contract.ts";
import { barHold, takeBack } from "../../domain/reservation.ts";
import type { InventoryDependencies } from "../dependencies.ts";

type Ended = (typeof orders.events)["rejected" | "cancelled" | "returned"];

/**
 * Takes back the stock of an order that was rejected, cancelled or returned: held stock is released, shipped stock goes
 * on the shelf again. Where this comes before `order.placed`, it leaves a tombstone that bars the hold. What came back
 * already makes the message out of date.
 */
export function takeBackStock({ reservations, clock }: InventoryDependencies): MessageHandler<Ended> {
  return ({ data: { order } }, delivery, ctx) =>
    retryOnConflict(async () => {
      const orderId = order.id;
      const reservation = await reservations.find(orderId);
      const nowMs = clock();
      if (!reservation) {
        const heldUntil = new Date(nowMs).toISOString();
        await reservations.save(barHold({ id: newId("rsv", nowMs), orderId, heldUntil }), nowMs, delivery);
        ctx.service?.logger.info({ orderId }, "hold barred before the order came");
        return;
      }
      const outcome = takeBack(reservation);
      if (!outcome) return;
      await reservations.save(outcome, nowMs, delivery);
      ctx.service?.logger.info({ orderId }, `stock ${outcome.reservation.status}`);
    });
}
