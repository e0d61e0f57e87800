/** Stock held for one order: its states, the moves between them, and what each move causes. */
import type { MessageDraft } from "../../../contracts/define-contract.ts";
import { inventory, type Line, type Reservation } from "../contract.ts";
import { DuplicateSku, ReservationNotHeld, ReservationNotShipped } from "./errors.ts";
import { type Availability, moveStock, type StockChange, shortSkus } from "./stock.ts";

/** A message that a move causes. */
type Told = MessageDraft<(typeof inventory.events)[keyof typeof inventory.events]>;

/** A reservation after a move, with all that has to be stored and told together with it. */
export interface Outcome {
  readonly reservation: Reservation;
  readonly movements: readonly StockChange[];
  readonly messages: readonly Told[];
}

/**
 * Every legal move, and the movement that it makes with the stock of each line. Whatever is not in this table
 * throws. A move from `none` makes the reservation: the store inserts it only if the order has none.
 */
const moves = {
  hold: { from: "none", to: "held", movement: "reservation" },
  reject: { from: "none", to: "released", movement: undefined },
  bar: { from: "none", to: "released", movement: undefined },
  release: { from: "held", to: "released", movement: "release" },
  ship: { from: "held", to: "shipped", movement: "shipment" },
  return: { from: "shipped", to: "returned", movement: "return" },
} as const satisfies Record<string, Move>;

interface Move {
  readonly from: Reservation["status"] | "none";
  readonly to: Reservation["status"];
  readonly movement: Parameters<typeof moveStock>[0] | undefined;
}

/** What an illegal move throws, by the state that it would have had to start from. */
const refusals = { held: ReservationNotHeld, shipped: ReservationNotShipped };

type MoveName = keyof typeof moves;
type LaterMove = { [K in MoveName]: (typeof moves)[K]["from"] extends "none" ? never : K }[MoveName];

interface NewReservation {
  readonly id: string;
  readonly orderId: string;
  /** RFC 3339 */
  readonly heldUntil: string;
}

const nothing = { lines: [], version: 0 };

/**
 * Holds stock for every line of an order or, when any of them is short, for none.
 * @throws {DuplicateSku} a sku stands in two lines
 */
export function holdOrReject(
  start: NewReservation,
  lines: readonly Line[],
  availability: Availability,
): Outcome {
  const { id: reservationId, orderId, heldUntil } = start;
  if (new Set(lines.map(({ sku }) => sku)).size < lines.length) throw new DuplicateSku(orderId);
  const missing = shortSkus(lines, availability);
  if (missing.length > 0)
    return make("reject", { ...start, ...nothing }, [
      { type: inventory.events.rejected, data: { orderId, shortSkus: missing } },
    ]);
  return make("hold", { ...start, ...nothing, lines: [...lines] }, [
    { type: inventory.events.reserved, data: { orderId, reservationId, lines: [...lines], heldUntil } },
  ]);
}

/**
 * The order ended before it was seen to be placed: a released reservation as a tombstone, so that the late
 * `order.placed` holds nothing.
 */
export function barHold(start: NewReservation): Outcome {
  return make("bar", { ...start, ...nothing });
}

/**
 * Moves a reservation on.
 * @throws {ReservationNotHeld} a release or shipment of what is not held
 * @throws {ReservationNotShipped} a return of what is not shipped
 */
export function moveReservation(reservation: Reservation, name: LaterMove): Outcome {
  if (!canMove(reservation, name)) throw new refusals[moves[name].from](reservation);
  return make(name, reservation);
}

/** How the stock of an order that has ended comes back, by where it is; from elsewhere there is nothing to take back. */
const waysBack: Partial<Record<Reservation["status"], LaterMove>> = { held: "release", shipped: "return" };

/** The order was rejected, cancelled or returned: its stock comes back. Undefined when it did so before, or was never held. */
export function takeBack(reservation: Reservation): Outcome | undefined {
  const wayBack = waysBack[reservation.status];
  return wayBack && moveReservation(reservation, wayBack);
}

/** Whether the move is legal now. */
export function canMove({ status }: Reservation, name: MoveName): boolean {
  return moves[name].from === status;
}

/** Whether the stock has left, also where it came back. */
export function wasShipped({ status }: Reservation): boolean {
  return status === "shipped" || status === "returned";
}

function make(name: MoveName, before: Omit<Reservation, "status">, messages: readonly Told[] = []): Outcome {
  const { to, movement }: Move = moves[name];
  return {
    reservation: { ...before, status: to, version: before.version + 1 },
    movements: movement ? before.lines.map((line) => moveStock(movement, line)) : [],
    messages,
  };
}
