import { newId } from "../../contracts/ids.ts";
import type { OrderRecord } from "../../services/orders/domain/order-record.ts";
import { place } from "../../services/orders/domain/place.ts";

const NOW = Date.parse("2026-11-22T10:00:00.000Z");

/** What `place` needs for two packs of green tea. */
export function placing(): Parameters<typeof place>[0] {
  return {
    id: newId("ord", NOW),
    number: 1001,
    customer: { id: newId("usr", NOW), email: "ann@example.com" },
    request: { items: [{ sku: "TEA-100", quantity: 2 }], paymentMethod: "pm_card_ok" },
    products: [{ sku: "TEA-100", name: "Green tea", price: { amount: 450, currency: "EUR" }, available: 10 }],
    at: new Date(NOW).toISOString(),
  };
}

/** A stored order in the state asked for. */
export function aRecord(fields: Partial<OrderRecord> = {}): OrderRecord {
  return { ...place(placing()).order, ...fields };
}
