import { describe, expect, test } from "@jest/globals";
import { judge } from "../../../services/worker/domain/settlement.ts";

const order = { orderId: "ord_1", canSettle: true };
const nothing = { missing: [], reservations: [] };
const released = { missing: [], reservations: [{ orderId: "ord_1", status: "released" as const }] };

describe("An order is settled", () => {
  test("when it has ended, its stock is not held and every message is handled", () => {
    expect(judge([order], released)).toEqual({ settled: [order], untold: [] });
  });

  test("also when it never had a reservation", () => {
    expect(judge([order], nothing).settled).toEqual([order]);
  });

  test("although a message is a dead letter: it counts as told", () => {
    const missing = [{ orderId: "ord_1", isDead: true }];
    expect(judge([order], { ...released, missing })).toEqual({ settled: [order], untold: [] });
  });
});

describe("An order is not settled", () => {
  test("while orders has something to do for it", () => {
    expect(judge([{ ...order, canSettle: false }], released)).toEqual({ settled: [], untold: [] });
  });

  test("while its stock is held", () => {
    const held = { missing: [], reservations: [{ orderId: "ord_1", status: "held" as const }] };
    expect(judge([order], held)).toEqual({ settled: [], untold: [] });
  });

  test("while a consumer misses a message, which is published again", () => {
    const missing = [
      { orderId: "ord_1", isDead: true },
      { orderId: "ord_1", isDead: false },
    ];
    expect(judge([order], { ...released, missing })).toEqual({ settled: [], untold: [order] });
  });
});

test("an order that has not ended gets its missing messages too", () => {
  const open = { orderId: "ord_1", canSettle: false };
  const missing = [{ orderId: "ord_1", isDead: false }];
  expect(judge([open], { ...nothing, missing }).untold).toEqual([open]);
});
