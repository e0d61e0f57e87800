import type { Handler } from "../../../../mixins/calls.ts";
import { retryOnConflict } from "../../../../mixins/persistence/retry-on-conflict.ts";
import type { inventory } from "../../contract.ts";
import { ReservationNotFound } from "../../domain/errors.ts";
import { moveReservation, wasShipped } from "../../domain/reservation.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** Ships the held stock of an order; what was shipped before is answered as it is now. */
export function ship({ reservations, clock }: InventoryDependencies): Handler<typeof inventory.calls.ship> {
  return ({ orderId }, ctx) =>
    retryOnConflict(async () => {
      const reservation = await reservations.find(orderId);
      if (!reservation) throw new ReservationNotFound(orderId);
      if (wasShipped(reservation)) return reservation;
      const outcome = moveReservation(reservation, "ship");
      await reservations.save(outcome, clock());
      ctx.service?.logger.info({ orderId }, "stock shipped");
      return outcome.reservation;
    });
}
