import type { Money } from "../../../contracts/shapes.ts";
import { MixedCurrencies } from "./errors.ts";

/** A unit price times a whole number of units. */
export function times({ amount, currency }: Money, quantity: number): Money {
  return { amount: amount * quantity, currency };
}

/**
 * The sum of at least one amount of money.
 * @throws {MixedCurrencies} the amounts are not all in one currency
 */
export function sum(amounts: readonly [Money, ...Money[]]): Money {
  const currencies = [...new Set(amounts.map(({ currency }) => currency))];
  if (currencies.length > 1) throw new MixedCurrencies(currencies);
  return {
    amount: amounts.reduce((total, { amount }) => total + amount, 0),
    currency: amounts[0].currency,
  };
}
