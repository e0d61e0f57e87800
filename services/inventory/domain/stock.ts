/** The stock ledger: a stock level is the sum of its movements, and no movement may take what is not available. */
import type { Line, StockMovement } from "../contract.ts";
import { InsufficientStock } from "./errors.ts";

/** Units of one sku. `available` is always `onHand - reserved`. */
export interface StockLevel {
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
}

/** What a movement does to the stock level of one sku. */
export type StockChange = Pick<StockMovement, "sku" | "kind" | "onHandDelta" | "reservedDelta">;

/** What one unit of each kind does. */
const unitDeltas = {
  receipt: { onHand: 1, reserved: 0 },
  reservation: { onHand: 0, reserved: 1 },
  release: { onHand: 0, reserved: -1 },
  shipment: { onHand: -1, reserved: -1 },
  return: { onHand: 1, reserved: 0 },
} as const satisfies Partial<Record<StockMovement["kind"], Pick<StockLevel, "onHand" | "reserved">>>;

/** The movement of a line's units. */
export function moveStock(kind: keyof typeof unitDeltas, { sku, quantity }: Line): StockChange {
  const { onHand, reserved } = unitDeltas[kind];
  return { sku, kind, onHandDelta: onHand * quantity, reservedDelta: reserved * quantity };
}

/** The signed numbers that a movement adds to its stock level. */
export function levelDelta({ onHandDelta, reservedDelta }: StockChange): StockLevel {
  return { onHand: onHandDelta, reserved: reservedDelta, available: onHandDelta - reservedDelta };
}

/**
 * The sum of one sku's movements, from the first on.
 * @throws {InsufficientStock} a movement took what was not there
 */
export function stockLevelOf(movements: readonly StockChange[]): StockLevel {
  return movements.reduce(levelAfter, { onHand: 0, reserved: 0, available: 0 });
}

function levelAfter(level: StockLevel, movement: StockChange): StockLevel {
  const delta = levelDelta(movement);
  const next = {
    onHand: level.onHand + delta.onHand,
    reserved: level.reserved + delta.reserved,
    available: level.available + delta.available,
  };
  if (next.reserved < 0 || next.available < 0) throw new InsufficientStock(movement.sku);
  return next;
}

/** What is available of each sku; a sku that is not in it is unknown. */
export type Availability = ReadonlyMap<string, number>;

/** The skus of which less is available than the lines ask for; unknown skus are among them. */
export function shortSkus(lines: readonly Line[], availability: Availability): string[] {
  return lines.filter(({ sku, quantity }) => (availability.get(sku) ?? 0) < quantity).map(({ sku }) => sku);
}
