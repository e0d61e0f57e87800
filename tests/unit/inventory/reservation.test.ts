import { describe, expect, test } from "@jest/globals";
import { newId } from "../../../contracts/ids.ts";
import { inventory, type Reservation } from "../../../services/inventory/contract.ts";
import {
  DuplicateSku,
  ReservationNotHeld,
  ReservationNotShipped,
} from "../../../services/inventory/domain/errors.ts";
import {
  barHold,
  canMove,
  holdOrReject,
  moveReservation,
  takeBack,
  wasShipped,
} from "../../../services/inventory/domain/reservation.ts";

const start = { id: newId("rsv", 1), orderId: newId("ord", 1), heldUntil: "2026-11-22T10:15:00.000Z" };
const lines = [
  { sku: "TEA-100", quantity: 2 },
  { sku: "CUP-1", quantity: 1 },
];
const enough = new Map([
  ["TEA-100", 2],
  ["CUP-1", 5],
]);
const statuses = ["held", "released", "shipped", "returned"] as const;
const reservation = (status: Reservation["status"]): Reservation => ({ ...start, lines, status, version: 4 });

describe("a placed order", () => {
  test("whose lines are all available gets a hold, a movement for each line and the good news", () => {
    expect(holdOrReject(start, lines, enough)).toEqual({
      reservation: { ...start, lines, status: "held", version: 1 },
      movements: [
        { sku: "TEA-100", kind: "reservation", onHandDelta: 0, reservedDelta: 2 },
        { sku: "CUP-1", kind: "reservation", onHandDelta: 0, reservedDelta: 1 },
      ],
      messages: [
        {
          type: inventory.events.reserved,
          data: {
            orderId: start.orderId,
            reservationId: start.id,
            lines,
            heldUntil: start.heldUntil,
          },
        },
      ],
    });
  });

  test("with one line short holds nothing and tells which skus are short", () => {
    expect(holdOrReject(start, lines, new Map([...enough, ["TEA-100", 1]]))).toEqual({
      reservation: { ...start, lines: [], status: "released", version: 1 },
      movements: [],
      messages: [
        { type: inventory.events.rejected, data: { orderId: start.orderId, shortSkus: ["TEA-100"] } },
      ],
    });
  });

  test("with a sku in two lines is refused", () => {
    const twice = [...lines, { sku: "TEA-100", quantity: 1 }];
    expect(() => holdOrReject(start, twice, enough)).toThrow(DuplicateSku);
  });
});

test("an order that ended before it came leaves a released reservation that moves and tells nothing", () => {
  expect(barHold(start)).toEqual({
    reservation: { ...start, lines: [], status: "released", version: 1 },
    movements: [],
    messages: [],
  });
});

describe("a reservation", () => {
  test.each([
    ["held", "release", "released", "release", 0, -2],
    ["held", "ship", "shipped", "shipment", -2, -2],
    ["shipped", "return", "returned", "return", 2, 0],
  ] as const)("that is %s can %s and is %s then", (from, move, to, kind, onHandDelta, reservedDelta) => {
    const { reservation: next, movements, messages } = moveReservation(reservation(from), move);
    expect(next).toEqual({ ...start, lines, status: to, version: 5 });
    expect(movements[0]).toEqual({ sku: "TEA-100", kind, onHandDelta, reservedDelta });
    expect(movements).toHaveLength(lines.length);
    expect(messages).toEqual([]);
  });

  test.each([
    ["release", ["released", "shipped", "returned"], ReservationNotHeld],
    ["ship", ["released", "shipped", "returned"], ReservationNotHeld],
    ["return", ["held", "released", "returned"], ReservationNotShipped],
  ] as const)("refuses to %s where it is %j", (move, from, refusal) => {
    for (const status of from) expect(() => moveReservation(reservation(status), move)).toThrow(refusal);
  });

  test.each([
    ["held", "released", "release"],
    ["shipped", "returned", "return"],
  ] as const)("that is %s is %s when its order ends", (from, to, kind) => {
    const { reservation: next, movements } = takeBack(reservation(from)) ?? {};
    expect(next).toEqual({ ...start, lines, status: to, version: 5 });
    expect(movements?.map((movement) => movement.kind)).toEqual([kind, kind]);
  });

  test.each(["released", "returned"] as const)("that is %s has nothing to take back", (from) => {
    expect(takeBack(reservation(from))).toBeUndefined();
  });

  test("knows which moves are legal without trying them", () => {
    expect(statuses.filter((status) => canMove(reservation(status), "release"))).toEqual(["held"]);
    expect(statuses.filter((status) => canMove(reservation(status), "return"))).toEqual(["shipped"]);
  });

  test("counts as shipped also after its return", () => {
    expect(statuses.filter((status) => wasShipped(reservation(status)))).toEqual(["shipped", "returned"]);
  });
});
