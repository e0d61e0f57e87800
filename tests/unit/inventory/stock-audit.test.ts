import { expect, test } from "@jest/globals";
import { stockFaults } from "../../../services/inventory/domain/stock-audit.ts";

const level = { onHand: 10, reserved: 3, available: 7 };
const right = { level, ledger: { onHand: 10, reserved: 3 }, held: 3 };

test("a stock level that agrees with its movements and reservations has no fault", () => {
  expect(stockFaults(right)).toEqual([]);
});

test("what is not counted is no fault", () => {
  expect(stockFaults({ ...right, held: undefined })).toEqual([]);
});

test.each([
  [
    "units that no movement brought",
    { ledger: { onHand: 8, reserved: 3 } },
    "onHand is 2 more than the sum of its movements",
  ],
  [
    "reserved units without a movement",
    { ledger: { onHand: 10, reserved: 4 } },
    "reserved is 1 less than the sum of its movements",
  ],
  [
    "available units that do not add up",
    { level: { ...level, available: 8 } },
    "available is 1 more than onHand less reserved",
  ],
  [
    "reserved units that nobody holds",
    { held: 1 },
    "reserved is 2 more than what its held reservations take",
  ],
])("%s are a fault", (_, wrong, fault) => {
  expect(stockFaults({ ...right, ...wrong })).toContain(fault);
});

test("stock that was oversold is a fault", () => {
  const oversold = { onHand: 1, reserved: 3, available: -2 };
  const audited = { level: oversold, ledger: { onHand: 1, reserved: 3 }, held: 3 };
  expect(stockFaults(audited)).toEqual(["more was taken than there is"]);
});
