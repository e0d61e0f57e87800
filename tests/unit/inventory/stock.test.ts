import { describe, expect, test } from "@jest/globals";
import { InsufficientStock } from "../../../services/inventory/domain/errors.ts";
import { levelDelta, moveStock, shortSkus, stockLevelOf } from "../../../services/inventory/domain/stock.ts";

const tea = (quantity: number) => ({ sku: "TEA-100", quantity });

describe("a stock movement", () => {
  test.each([
    ["receipt", { onHand: 3, reserved: 0, available: 3 }],
    ["reservation", { onHand: 0, reserved: 3, available: -3 }],
    ["release", { onHand: 0, reserved: -3, available: 3 }],
    ["shipment", { onHand: -3, reserved: -3, available: 0 }],
    ["return", { onHand: 3, reserved: 0, available: 3 }],
  ] as const)("that is a %s of three changes the level by %j", (kind, delta) => {
    expect(levelDelta(moveStock(kind, tea(3)))).toEqual(delta);
  });
});

describe("a stock level", () => {
  test("is nothing before the first movement", () => {
    expect(stockLevelOf([])).toEqual({ onHand: 0, reserved: 0, available: 0 });
  });

  test("is the sum of its movements", () => {
    const movements = [
      moveStock("receipt", tea(10)),
      moveStock("reservation", tea(4)),
      moveStock("reservation", tea(3)),
      moveStock("release", tea(3)),
      moveStock("shipment", tea(4)),
      moveStock("return", tea(1)),
    ];
    expect(stockLevelOf(movements)).toEqual({ onHand: 7, reserved: 0, available: 7 });
  });

  test("takes an adjustment of what was counted", () => {
    const lost = { sku: "TEA-100", kind: "adjustment", onHandDelta: -2, reservedDelta: 0 } as const;
    expect(stockLevelOf([moveStock("receipt", tea(5)), lost]).available).toBe(3);
  });

  test.each([
    ["held", [moveStock("receipt", tea(1)), moveStock("reservation", tea(2))]],
    ["released", [moveStock("receipt", tea(1)), moveStock("release", tea(1))]],
    ["shipped", [moveStock("receipt", tea(1)), moveStock("shipment", tea(1))]],
  ])("never lets more be %s than there is", (_, movements) => {
    expect(() => stockLevelOf(movements)).toThrow(InsufficientStock);
  });
});

describe("a shortage", () => {
  const availability = new Map([
    ["TEA-100", 2],
    ["CUP-1", 0],
  ]);

  test("names every sku of which less is available than asked for, unknown ones too", () => {
    const lines = [tea(2), { sku: "CUP-1", quantity: 1 }, { sku: "POT-9", quantity: 1 }];
    expect(shortSkus(lines, availability)).toEqual(["CUP-1", "POT-9"]);
  });

  test("is none when the last unit is taken", () => {
    expect(shortSkus([tea(2)], availability)).toEqual([]);
  });
});
