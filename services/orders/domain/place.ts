import type { Money, User } from "../../../contracts/shapes.ts";
import type { CheckedProduct } from "../../inventory/contract.ts";
import { orders, type PlaceOrder } from "../contract.ts";
import { sum, times } from "./money.ts";
import { type Changed, type OrderRecord, toOrder, unsettled } from "./order-record.ts";

/**
 * Places an order at the prices and names that inventory has just answered.
 * @param products one for each line's sku
 * @param at RFC 3339
 * @throws {MixedCurrencies} the prices are not all in one currency
 */
export function place({
  id,
  number,
  customer,
  request,
  products,
  at,
}: {
  id: string;
  number: number;
  customer: Pick<User, "id" | "email">;
  request: PlaceOrder;
  products: readonly CheckedProduct[];
  at: string;
}): Changed {
  const bySku = new Map(products.map((product) => [product.sku, product]));
  const items = request.items.map(({ sku, quantity }) => {
    const { name, price } = bySku.get(sku) as CheckedProduct;
    return { sku, name, quantity, unitPrice: price };
  });
  const order: OrderRecord = {
    id,
    number,
    status: "placed",
    version: 1,
    customerId: customer.id,
    customer: { id: customer.id, email: customer.email },
    items,
    total: sum(items.map(({ unitPrice, quantity }) => times(unitPrice, quantity)) as [Money, ...Money[]]),
    payment: { status: "pending", method: request.paymentMethod },
    ...(request.shippingAddress ? { shippingAddress: request.shippingAddress } : {}),
    ...(request.note === undefined ? {} : { note: request.note }),
    history: [{ status: "placed", at, by: customer.id }],
    createdAt: at,
    updatedAt: at,
    ...unsettled({ at }),
  };
  return { order, messages: [{ type: orders.events.placed, data: { order: toOrder(order) } }] };
}
