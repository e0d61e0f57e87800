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

/** Money for people: minor units become the currency's own digits, such as `€9.00`, `¥900` or `BHD 0.900`. */
export function formatMoney({ amount, currency }: Money): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 0;
  return format.format(amount / 10 ** digits).replace(/\s/g, " ");
}
