import { describe, expect, test } from "@jest/globals";
import { renderMail } from "../../../services/notifications/domain/templates.ts";
import { OrderStatus } from "../../../services/orders/contract.ts";
import { anOrder } from "../../support/orders-mother.ts";

describe("A mail", () => {
  test.each(OrderStatus.options)("for a %s order names its number, its id and its customer", (template) => {
    const order = anOrder({ number: 4711 });
    const mail = renderMail(template, { order });
    expect(mail.to).toBe("ann@example.com");
    expect(mail.subject).toMatch(/^Order 4711 /);
    expect(mail.text).toContain(`Order 4711 (${order.id})`);
  });

  test("of each kind has words of its own", () => {
    const order = anOrder();
    const subjects = OrderStatus.options.map((template) => renderMail(template, { order }).subject);
    expect(new Set(subjects).size).toBe(OrderStatus.options.length);
  });

  test("lists the order's lines and total with formatted money", () => {
    expect(renderMail("placed", { order: anOrder({ id: `ord_${"0".repeat(32)}` }) }).text).toBe(
      [
        "Thank you for your order. We are now holding the goods and asking for your payment.",
        "",
        `Order 1001 (ord_${"0".repeat(32)})`,
        "  2 x Green tea (TEA-100), €4.50 each",
        "  Total: €9.00",
        "",
      ].join("\n"),
    );
  });

  test("explains a reason of the system in words", () => {
    const { text } = renderMail("rejected", { order: anOrder(), reason: "payment_declined" });
    expect(text).toContain("Reason: the payment was declined\n");
  });

  test("quotes a reason that a person gave, on one line", () => {
    const { text } = renderMail("cancelled", { order: anOrder(), reason: "too\r\n\r\nslow" });
    expect(text).toContain("Reason: too slow\n");
  });

  test("shows a product's name as data: no markup is made or escaped, no line is added", () => {
    const item = { sku: "X-1", quantity: 1, unitPrice: { amount: 100, currency: "EUR" } };
    const name = "<b>Tea</b> & more\r\nBcc: everybody@example.com\n\n\u202ebig\u0000";
    const { text, subject } = renderMail("placed", { order: anOrder({ items: [{ ...item, name }] }) });
    expect(text).toContain("  1 x <b>Tea</b> & more Bcc: everybody@example.com big (X-1), €1.00 each\n");
    expect(subject).not.toMatch(/[\r\n]/);
  });
});
