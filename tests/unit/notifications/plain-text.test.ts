import { describe, expect, jest, test } from "@jest/globals";
import { createMoneyFormat, oneLine } from "../../../services/notifications/domain/plain-text.ts";

describe("Money in a mail", () => {
  const formatMoney = createMoneyFormat();

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

  // ISO 4217, as the payment provider counts; what Intl shows may differ (HUF, IQD, UGX, ...) and changes with Node.
  test.each([
    [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
    [2, "EUR HUF COP IDR LAK MGA PKR RSD TWD ALL IRR"],
    [3, "BHD IQD JOD KWD LYD OMR TND"],
    [4, "CLF UYW"],
  ])("has the %i digits of ISO 4217 in %s", (digits, currencies) => {
    for (const currency of currencies.split(" ")) {
      const fraction = /\d\.(\d+)$/.exec(formatMoney({ amount: 12_345, currency }))?.[1] ?? "";
      expect([currency, fraction]).toEqual([currency, digits ? "12345".slice(-digits) : ""]);
    }
  });

  test("builds the format of a currency once", () => {
    const build = jest.spyOn(Intl, "NumberFormat");
    for (let amount = 0; amount < 3; amount++) formatMoney({ amount, currency: "NZD" });
    expect(build).toHaveBeenCalledTimes(1);
    build.mockRestore();
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
