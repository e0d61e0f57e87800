/** An order: its states, the one table of moves between them, and what each move causes. */
import type { MessageDraft } from "../../../contracts/define-contract.ts";
import type { Money, User } from "../../../contracts/shapes.ts";
import type { CheckedProduct } from "../../inventory/contract.ts";
import { worker } from "../../worker/contract.ts";
import { type Order, type OrderStatus, orders, type PaymentStatus, type PlaceOrder } from "../contract.ts";
import { IllegalTransition, OrderNotClaimable, OrderNotClaimed, PaymentNotCaptured } from "./errors.ts";
import { sum, times } from "./money.ts";

/** An order as it is stored: what clients see, and what only this service knows. */
export type OrderRecord = Omit<Order, "payment"> & {
  readonly customerId: string;
  readonly payment: {
    readonly status: PaymentStatus;
    /** The provider's token for the customer's means of payment. */
    readonly method: string;
    /** When the intent to authorize was stored; from then on money may be held. RFC 3339. */
    readonly intendedAt?: string;
    readonly paymentId?: string;
  };
  /** The point of no return: set once fulfilment has begun. RFC 3339. */
  readonly claimedAt?: string;
};

/** An order after a change, with the messages that the change causes. They are stored together. */
export interface Changed {
  readonly order: OrderRecord;
  readonly messages: readonly MessageDraft[];
}

interface Move {
  readonly from: readonly OrderStatus[];
  readonly to: OrderStatus;
  readonly event: (typeof orders.events)[keyof typeof orders.events];
}

/** Every legal move of an order's status; whatever is not in this table throws. */
export const moves = {
  confirm: { from: ["placed"], to: "confirmed", event: orders.events.confirmed },
  reject: { from: ["placed"], to: "rejected", event: orders.events.rejected },
  cancel: { from: ["placed", "confirmed"], to: "cancelled", event: orders.events.cancelled },
  fulfil: { from: ["confirmed"], to: "fulfilled", event: orders.events.fulfilled },
  return: { from: ["fulfilled"], to: "returned", event: orders.events.returned },
} as const satisfies Record<string, Move>;

/** Who moves an order, when (RFC 3339), and why. */
export interface Cause {
  readonly at: string;
  readonly by: string;
  readonly reason?: string;
}

/**
 * The idempotency keys that the payment provider knows an order's payment by. Always the same for one order: a
 * time-out means "unknown", and only the same key finds out.
 */
export const paymentKeys = {
  authorize: (orderId: string) => `${orderId}:authorize`,
  capture: (orderId: string) => `${orderId}:capture`,
};

/**
 * Places an order at the prices and names that inventory has just answered.
 * @param products one for each line's sku
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
  };
  return { order, messages: [{ type: orders.events.placed, data: { order: toOrder(order) } }] };
}

/**
 * Notes, before the provider is asked, that money may be held from now on.
 * @throws {IllegalTransition} the order is not `placed` any more: no intent is stored then
 */
export function intendPayment(order: OrderRecord, { at }: Pick<Cause, "at">): Changed {
  if (order.status !== "placed") throw new IllegalTransition("intend payment", order);
  return changed(order, { at, payment: { ...order.payment, intendedAt: at } });
}

/**
 * Stock is held and payment is authorized: confirms the order and asks for its fulfilment.
 * @throws {IllegalTransition}
 */
export function confirm(order: OrderRecord, { paymentId }: { paymentId: string }, cause: Cause): Changed {
  const { order: confirmed, messages } = move(order, "confirm", cause, {
    payment: { ...order.payment, status: "authorized", paymentId },
  });
  const ship = { type: worker.commands.shipFulfilment, data: { orderId: order.id } };
  return { order: confirmed, messages: [...messages, ship] };
}

/** The order's stock could not be held. @throws {IllegalTransition} */
export function rejectForStock(order: OrderRecord, cause: Omit<Cause, "reason">): Changed {
  return move(order, "reject", { ...cause, reason: "out_of_stock" });
}

/** The payment provider declined. @throws {IllegalTransition} */
export function rejectForPayment(
  order: OrderRecord,
  { paymentId }: { paymentId?: string | undefined },
  cause: Omit<Cause, "reason">,
): Changed {
  return move(
    order,
    "reject",
    { ...cause, reason: "payment_declined" },
    { payment: { ...order.payment, status: "declined", ...(paymentId ? { paymentId } : {}) } },
  );
}

/**
 * The point of no return: only a confirmed order's fulfilment begins; afterwards nothing cancels it.
 * Claiming again changes nothing.
 * @throws {OrderNotClaimable} the order is not confirmed
 */
export function claim(order: OrderRecord, { at }: Pick<Cause, "at">): Changed {
  if (order.claimedAt) return { order, messages: [] };
  if (order.status !== "confirmed") throw new OrderNotClaimable(order);
  return changed(order, { at, claimedAt: at });
}

/**
 * The provider has captured the payment. Recording it again changes nothing.
 * @throws {OrderNotClaimed} capture comes after the point of no return
 */
export function recordCapture(order: OrderRecord, { at }: Pick<Cause, "at">): Changed {
  if (order.payment.status === "captured") return { order, messages: [] };
  if (!order.claimedAt) throw new OrderNotClaimed(order.id);
  return changed(order, { at, payment: { ...order.payment, status: "captured" } });
}

/**
 * Payment is captured and stock shipped. Fulfilling again changes nothing.
 * @throws {PaymentNotCaptured}
 * @throws {IllegalTransition}
 */
export function fulfil(order: OrderRecord, cause: Cause): Changed {
  if (order.status === "fulfilled") return { order, messages: [] };
  if (order.status === "confirmed" && order.payment.status !== "captured")
    throw new PaymentNotCaptured(order.id);
  return move(order, "fulfil", cause);
}

/** What clients and other services see of an order. */
export function toOrder({ customerId: _, claimedAt: __, payment, ...visible }: OrderRecord): Order {
  return { ...visible, payment: { status: payment.status } };
}

function move(
  order: OrderRecord,
  name: keyof typeof moves,
  { at, by, reason }: Cause,
  change: Partial<OrderRecord> = {},
): Changed {
  const { from, to, event }: Move = moves[name];
  if (!from.includes(order.status)) throw new IllegalTransition(name, order);
  const because = reason === undefined ? {} : { reason };
  const { order: moved } = changed(order, {
    ...change,
    at,
    status: to,
    history: [...order.history, { status: to, at, ...because, by }],
  });
  return { order: moved, messages: [{ type: event, data: { order: toOrder(moved), ...because } }] };
}

function changed(order: OrderRecord, { at, ...change }: Partial<OrderRecord> & { at: string }): Changed {
  return { order: { ...order, ...change, version: order.version + 1, updatedAt: at }, messages: [] };
}
