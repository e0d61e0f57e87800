/** When an order is settled, as far as messages and stock go: the rest is for orders to say. */
import type { Reservation } from "../../inventory/contract.ts";

/** A message of an order that a consumer has not handled. */
export interface Missing {
  readonly orderId: string;
  /** It is a dead letter: its consumer has given it up, and no copy of it has an effect. */
  readonly isDead: boolean;
}

export interface Candidate {
  readonly orderId: string;
  /** Whether orders itself has nothing left to do. */
  readonly canSettle: boolean;
}

export interface Findings {
  readonly missing: readonly Missing[];
  readonly reservations: readonly Pick<Reservation, "orderId" | "status">[];
}

/**
 * Sorts orders: those that are settled, and those of which messages have to be published again. Dead letters count as
 * told. An order may be neither: it waits for what cannot be hurried.
 */
export function judge<C extends Candidate>(
  candidates: readonly C[],
  { missing, reservations }: Findings,
): { settled: C[]; untold: C[] } {
  const untold = new Set(missing.filter(({ isDead }) => !isDead).map(({ orderId }) => orderId));
  const held = new Set(reservations.filter(({ status }) => status === "held").map(({ orderId }) => orderId));
  return {
    settled: candidates.filter(
      ({ orderId, canSettle }) => canSettle && !untold.has(orderId) && !held.has(orderId),
    ),
    untold: candidates.filter(({ orderId }) => untold.has(orderId)),
  };
}
