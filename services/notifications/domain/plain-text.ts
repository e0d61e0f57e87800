/** Values from outside as parts of a plain text mail: shown as they are, unable to change its lines. */
import type { Money } from "../../../contracts/shapes.ts";

/**
 * Any text on one line: line breaks and other control characters become spaces, so that a name cannot add
 * lines to a mail or headers to a message; marks that turn the direction of what follows are dropped.
 */
export function oneLine(text: string): string {
  return text
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
}

/** ISO 4217: the currencies whose minor unit has not two digits. What Intl shows may differ and changes with Node. */
const MINOR_DIGITS: Readonly<Record<string, number>> = Object.fromEntries(
  [
    [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"] as const,
    [3, "BHD IQD JOD KWD LYD OMR TND"] as const,
    [4, "CLF UYW"] as const,
  ].flatMap(([digits, currencies]) => currencies.split(" ").map((currency) => [currency, digits])),
);

/**
 * Money for people: minor units become the currency's own digits, such as `€9.00`, `¥900` or `BHD 0.900`.
 * One for all prices of a mail: what Intl knows of a currency takes far longer to look up than to use.
 */
export function createMoneyFormat(): (money: Money) => string {
  const formats = new Map<string, Intl.NumberFormat>();
  return ({ amount, currency }) => {
    const digits = MINOR_DIGITS[currency] ?? 2;
    const format = formats.get(currency) ?? createNumberFormat(currency, digits);
    formats.set(currency, format);
    return format.format(amount / 10 ** digits).replace(/\s/g, " ");
  };
}

function createNumberFormat(currency: string, digits: number): Intl.NumberFormat {
  return new Intl.NumberFormat("en", {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
