/** The mails that customers get: pure functions from an order to subject and plain text. */
import type { Order, OrderStatus } from "../../orders/contract.ts";
import { createMoneyFormat, oneLine } from "./plain-text.ts";

/** One mail for each state that an order can reach. */
export type Template = OrderStatus;

/** What an order event tells: the order after its transition and, where something failed, why. */
export interface OrderNews {
  readonly order: Order;
  readonly reason?: string | undefined;
}

/** `subject` is one line, `text` plain text. */
export interface RenderedMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

interface Wording {
  /** Follows `Order 1001` in the subject. */
  readonly subject: string;
  readonly opening: string;
}

const wordings: Readonly<Record<Template, Wording>> = {
  placed: {
    subject: "has been received",
    opening: "Thank you for your order. We are now holding the goods and asking for your payment.",
  },
  confirmed: {
    subject: "is confirmed",
    opening: "Your payment is authorized and the goods are held for you. We will ship them next.",
  },
  rejected: {
    subject: "could not be accepted",
    opening: "We are sorry: we could not accept your order. You are not charged.",
  },
  cancelled: {
    subject: "is cancelled",
    opening: "Your order is cancelled. You are not charged; a payment already taken is returned to you.",
  },
  fulfilled: {
    subject: "has been shipped",
    opening: "Your order is on its way, and your payment has been taken.",
  },
  returned: {
    subject: "has been returned",
    opening: "We have taken your order back. Your payment is returned to you.",
  },
};

/** Reasons that the system gives, in words; any other reason was written by a person. */
const reasons: Readonly<Record<string, string>> = {
  out_of_stock: "not enough in stock",
  payment_declined: "the payment was declined",
  reservation_expired: "the payment did not arrive in time",
  payment_failed: "the payment could not be taken",
  shipment_failed: "the goods could not be shipped",
};

/** Renders the mail that tells a customer of an order's new state. */
export function renderMail(template: Template, { order, reason }: OrderNews): RenderedMail {
  const { subject, opening } = wordings[template];
  return {
    to: order.customer.email,
    subject: `Order ${order.number} ${subject}`,
    text: `${[opening, ...reasonLine(reason), orderLines(order)].join("\n\n")}\n`,
  };
}

function reasonLine(reason: string | undefined): string[] {
  return reason ? [`Reason: ${reasons[reason] ?? oneLine(reason)}`] : [];
}

function orderLines({ id, number, items, total }: Order): string {
  const formatMoney = createMoneyFormat();
  const lines = items.map(
    ({ quantity, name, sku, unitPrice }) =>
      `  ${quantity} x ${oneLine(name)} (${sku}), ${formatMoney(unitPrice)} each`,
  );
  return [`Order ${number} (${id})`, ...lines, `  Total: ${formatMoney(total)}`].join("\n");
}
