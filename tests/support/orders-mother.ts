import { newId } from "../../contracts/ids.ts";
import type { Order, OrderStatus } from "../../services/orders/contract.ts";

const NOW = Date.parse("2026-11-22T10:00:00.000Z");

/** An order as `orders` tells of it: two packs of green tea, in the state asked for. */
export function anOrder({ status = "placed", ...fields }: Partial<Order> = {}): Order {
  const at = new Date(NOW).toISOString();
  const customerId = newId("usr", NOW);
  return {
    id: newId("ord", NOW),
    number: 1001,
    status,
    version: versionAt[status],
    customer: { id: customerId, email: "ann@example.com" },
    items: [{ sku: "TEA-100", name: "Green tea", quantity: 2, unitPrice: { amount: 450, currency: "EUR" } }],
    total: { amount: 900, currency: "EUR" },
    payment: { status: "pending" },
    history: [{ status, at, by: customerId }],
    createdAt: at,
    updatedAt: at,
    ...fields,
  };
}

const versionAt: Readonly<Record<OrderStatus, number>> = {
  placed: 1,
  confirmed: 2,
  rejected: 2,
  cancelled: 2,
  fulfilled: 3,
  returned: 4,
};
