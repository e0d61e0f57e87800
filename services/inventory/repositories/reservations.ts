import { createMessage } from "../../../mixins/messaging/message.ts";
import type { Delivery, Outbox } from "../../../mixins/messaging/outbox.ts";
import { readPage } from "../../../mixins/persistence/page.ts";
import { collection, insert, replace, type Store, type Write } from "../../../mixins/persistence/store.ts";
import type { Line, Reservation } from "../contract.ts";
import type { Outcome } from "../domain/reservation.ts";
import type { Availability } from "../domain/stock.ts";
import { orderMovement, recordMovement } from "./movements.ts";
import { availabilityOf } from "./stock.ts";

/** At most one reservation an order, from the first message about it on. */
export const reservationRows = collection<Reservation>({
  name: "reservations",
  key: "orderId",
  fields: { status: "text", heldUntil: "text" },
  indexes: [["status", "heldUntil"]],
});

export type Reservations = ReturnType<typeof createReservations>;

/** Reservations, saved together with the stock that they move and the messages that they cause. */
export function createReservations({
  store,
  outbox,
}: {
  store: Pick<Store, "get" | "find">;
  outbox: Pick<Outbox, "commit">;
}) {
  return {
    find: (orderId: string): Promise<Reservation | undefined> => store.get(reservationRows, orderId),

    /** Those reservations of the orders that there are. */
    async findAll(orderIds: readonly string[]): Promise<Reservation[]> {
      const found = await Promise.all(orderIds.map((orderId) => store.get(reservationRows, orderId)));
      return found.filter((reservation) => reservation !== undefined);
    },

    /** A page of the orders whose hold has run out at this time (RFC 3339), the longest overdue first. */
    async listExpired({
      at,
      limit,
      cursor,
    }: {
      at: string;
      limit: number;
      cursor?: string | undefined;
    }): Promise<{ orderIds: string[]; nextCursor: string | null }> {
      const { items, nextCursor } = await readPage(store, reservationRows, {
        where: { status: "held" },
        by: "heldUntil",
        direction: "asc",
        within: { lte: at },
        limit,
        cursor,
      });
      return { orderIds: items.map(({ orderId }) => orderId), nextCursor };
    },

    /** What is available for an order's lines; a snapshot, only `save` binds. */
    availabilityFor: (lines: readonly Line[]): Promise<Availability> =>
      availabilityOf(
        store,
        lines.map(({ sku }) => sku),
      ),

    /**
     * Saves a reservation after a move: all of it or nothing.
     * @param delivery the message that caused the move
     * @throws {CommitConflict} somebody else moved the reservation, or took the stock: read and decide again
     * @throws {AlreadyHandled} the delivery had its effect before
     */
    async save(
      { reservation, movements, messages }: Outcome,
      nowMs: number,
      delivery?: Delivery,
    ): Promise<void> {
      const { orderId, version } = reservation;
      await outbox.commit({
        writes: [
          reservationWrite(reservation),
          ...movements.flatMap((change) => recordMovement(orderMovement(change, orderId, nowMs))),
        ],
        messages: messages.map(({ type, data }) =>
          createMessage(type, { subject: orderId, version, data, nowMs }),
        ),
        delivery,
      });
    },
  };
}

function reservationWrite(reservation: Reservation): Write {
  const { version } = reservation;
  return version === 1
    ? insert(reservationRows, reservation)
    : replace(reservationRows, reservation, { version: version - 1 });
}
