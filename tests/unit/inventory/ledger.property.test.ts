import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { newId } from "../../../contracts/ids.ts";
import type { Reservation } from "../../../services/inventory/contract.ts";
import {
  barHold,
  canMove,
  holdOrReject,
  moveReservation,
  type Outcome,
  takeBack,
} from "../../../services/inventory/domain/reservation.ts";
import { moveStock, type StockChange, stockLevelOf } from "../../../services/inventory/domain/stock.ts";

const skus = ["TEA-100", "CUP-1", "POT-9"];
const orderIds = Array.from({ length: 4 }, (_, index) => newId("ord", index));

const lines = fc.uniqueArray(
  fc.record({ sku: fc.constantFrom(...skus), quantity: fc.integer({ min: 1, max: 5 }) }),
  { selector: ({ sku }) => sku, minLength: 1 },
);
const orderId = fc.constantFrom(...orderIds);
const step = fc.oneof(
  fc.record({ does: fc.constant("receive" as const), lines }),
  fc.record({ does: fc.constant("place" as const), orderId, lines }),
  fc.record({ does: fc.constantFrom("release", "ship", "return", "takeBack"), orderId }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A warehouse in memory: the ledger and the reservations that a story leaves behind. */
function tell(story: readonly Step[]) {
  const ledger: StockChange[] = [];
  const reservations = new Map<string, Reservation>();
  const outcomes: Outcome[] = [];
  const levelOf = (sku: string) => stockLevelOf(ledger.filter((movement) => movement.sku === sku));

  function save(outcome: Outcome): void {
    reservations.set(outcome.reservation.orderId, outcome.reservation);
    ledger.push(...outcome.movements);
    outcomes.push(outcome);
  }

  for (const move of story) {
    if (move.does === "receive") {
      ledger.push(...move.lines.map((line) => moveStock("receipt", line)));
      continue;
    }
    const reservation = reservations.get(move.orderId);
    const start = { id: newId("rsv", 1), orderId: move.orderId, heldUntil: "2026-11-22T10:15:00.000Z" };
    if (move.does === "place") {
      const availability = new Map(skus.map((sku) => [sku, levelOf(sku).available]));
      if (!reservation) save(holdOrReject(start, move.lines, availability));
    } else if (!reservation) {
      save(barHold(start));
    } else if (move.does === "takeBack") {
      const outcome = takeBack(reservation);
      if (outcome) save(outcome);
    } else if (canMove(reservation, move.does)) {
      save(moveReservation(reservation, move.does));
    } else {
      const illegal = move.does;
      expect(() => moveReservation(reservation, illegal)).toThrow();
    }
  }
  return { ledger, reservations, outcomes, levelOf };
}

const stories = fc.array(step, { maxLength: 40 });
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe("whatever receipts, orders, releases, shipments and returns come in whatever order", () => {
  test("no stock level is ever negative, and what is available is what is on hand and not reserved", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { ledger } = tell(story);
        for (const sku of skus) {
          const own = ledger.filter((movement) => movement.sku === sku);
          for (let length = 0; length <= own.length; length++) {
            const { onHand, reserved, available } = stockLevelOf(own.slice(0, length));
            expect(available).toBe(onHand - reserved);
            expect(Math.min(onHand, reserved, available)).toBeGreaterThanOrEqual(0);
          }
        }
      }),
    );
  });

  test("what is reserved is what the held reservations hold, and what left is what was shipped", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { ledger, reservations, levelOf } = tell(story);
        for (const sku of skus) {
          const linesOf = (status: Reservation["status"]) =>
            [...reservations.values()]
              .filter((reservation) => reservation.status === status)
              .flatMap((reservation) => reservation.lines.filter((line) => line.sku === sku))
              .map(({ quantity }) => quantity);
          const received = ledger
            .filter((movement) => movement.sku === sku && movement.kind === "receipt")
            .map(({ onHandDelta }) => onHandDelta);
          expect(levelOf(sku).reserved).toBe(sum(linesOf("held")));
          expect(levelOf(sku).onHand).toBe(sum(received) - sum(linesOf("shipped")));
        }
      }),
    );
  });

  test("an order that ended last, however often it moved before, has all its stock back", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const ends: Step[] = orderIds.map((id) => ({ does: "takeBack", orderId: id }));
        const { ledger, levelOf } = tell([...story, ...ends]);
        for (const sku of skus) {
          const received = ledger
            .filter((movement) => movement.sku === sku && movement.kind === "receipt")
            .map(({ onHandDelta }) => onHandDelta);
          expect(levelOf(sku)).toEqual({ onHand: sum(received), reserved: 0, available: sum(received) });
        }
      }),
    );
  });

  test("an order's version counts up by one with each move, and at most one message tells of its stock", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { outcomes } = tell(story);
        for (const id of orderIds) {
          const own = outcomes.filter(({ reservation }) => reservation.orderId === id);
          expect(own.map(({ reservation }) => reservation.version)).toEqual(own.map((_, index) => index + 1));
          expect(own.flatMap(({ messages }) => messages).length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
