import { describe, expect, test } from "@jest/globals";
import { formatMoney, oneLine } from "../../../services/notifications/domain/plain-text.ts";

describe("Money in a mail", () => {
  test.each([
    [{ amount: 0, currency: "EUR" }, "€0.00"],
    [{ amount: 5, currency: "EUR" }, "€0.05"],
    [{ amount: 900, currency: "JPY" }, "¥900"],
    [{ amount: 900, currency: "BHD" }, "BHD 0.900"],
    [{ amount: 123_456, currency: "CHF" }, "CHF 1,234.56"],
    [{ amount: 1_000_000_000, currency: "USD" }, "$10,000,000.00"],
    [{ amount: 999_999_999, currency: "GBP" }, "£9,999,999.99"],
  ])("%j reads %s", (money, text) => {
    expect(formatMoney(money)).toBe(text);
  });
});

describe("Text on one line", () => {
  test.each([
    ["plain", "plain"],
    ["  much   room\t", "much room"],
    ["line\u2028separator\u0085next", "line separator next"],
    ["\u0007bell", "bell"],
    ["crème brûlée 🍮", "crème brûlée 🍮"],
  ])("%j reads %j", (text, line) => {
    expect(oneLine(text)).toBe(line);
  });
});
