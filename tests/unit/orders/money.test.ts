import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Money } from "../../../contracts/shapes.ts";
import { sum, times } from "../../../services/orders/domain/money.ts";

const eur = (amount: number) => ({ amount, currency: "EUR" });
const price = fc.integer({ min: 0, max: 1_000_000_000 });
const quantity = fc.integer({ min: 1, max: 1000 });

test("a line is its unit price times its quantity", () => {
  expect(times(eur(450), 2)).toEqual(eur(900));
});

test("the total of any order is exact, whole and within the money schema", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(price, quantity), { minLength: 1, maxLength: 100 }), (lines) => {
      const total = sum(lines.map(([amount, count]) => times(eur(amount), count)) as [Money, ...Money[]]);
      const exact = lines.reduce((all, [amount, count]) => all + BigInt(amount) * BigInt(count), 0n);
      expect(BigInt(total.amount)).toBe(exact);
      expect(Money.safeParse(total).success).toBe(true);
    }),
  );
});

test("a sum does not depend on the order of its parts", () => {
  fc.assert(
    fc.property(fc.array(price, { minLength: 1 }), (amounts) => {
      const parts = amounts.map(eur) as [Money, ...Money[]];
      expect(sum([...parts].reverse() as [Money, ...Money[]])).toEqual(sum(parts));
    }),
  );
});

test("currencies are never added up", () => {
  expect(() => sum([eur(1), { amount: 1, currency: "USD" }])).toThrow(
    expect.objectContaining({ code: "MIXED_CURRENCIES" }),
  );
});
