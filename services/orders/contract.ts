/** What orders takes and tells. The only file of orders that other services may import. */
import { z } from "zod";
import { call, command, defineContract, event } from "../../contracts/define-contract.ts";
import {
  Idempotency,
  Money,
  OrderId,
  PageParams,
  pageOf,
  Quantity,
  Sku,
  Timestamp,
  UserId,
} from "../../contracts/shapes.ts";

export const OrderStatus = z.enum(["placed", "confirmed", "rejected", "cancelled", "fulfilled", "returned"]);
export type OrderStatus = z.output<typeof OrderStatus>;

export const PaymentStatus = z.enum(["pending", "authorized", "captured", "declined", "voided", "refunded"]);
export type PaymentStatus = z.output<typeof PaymentStatus>;

const OrderItem = z.strictObject({ sku: Sku, name: z.string(), quantity: Quantity, unitPrice: Money });

const HistoryEntry = z.strictObject({
  status: OrderStatus,
  at: Timestamp,
  reason: z.string().optional(),
  /** A user id, or the name of the service that moved the order. */
  by: z.string(),
});

/** Where to, in the customer's own words: lines of text or named parts. Data, never markup. */
const ShippingAddress = z.union([
  z.string().trim().min(1).max(1000),
  z
    .record(z.string().min(1).max(50), z.string().max(500))
    .refine((parts) => Object.keys(parts).length <= 20, "takes at most 20 parts"),
]);

/** An order as clients and other services see it. Prices and names are those at placing time. */
export const Order = z.strictObject({
  id: OrderId,
  number: z.int().min(1),
  status: OrderStatus,
  version: z.int().min(1),
  customer: z.strictObject({ id: UserId, email: z.string() }),
  items: z.array(OrderItem).min(1).max(100),
  total: Money,
  payment: z.strictObject({ status: PaymentStatus }),
  shippingAddress: ShippingAddress.optional(),
  note: z.string().optional(),
  history: z.array(HistoryEntry).min(1),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Order = z.output<typeof Order>;

/** The body of POST /v1/orders. */
export const PlaceOrder = z.strictObject({
  items: z
    .array(z.strictObject({ sku: Sku, quantity: Quantity }))
    .min(1)
    .max(100)
    .superRefine((items, context) => {
      const seen = new Set<string>();
      items.forEach(({ sku }, index) => {
        if (seen.has(sku))
          context.addIssue({ code: "custom", path: [index, "sku"], message: `${sku} stands twice` });
        seen.add(sku);
      });
    }),
  shippingAddress: ShippingAddress.optional(),
  paymentMethod: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, "must be a payment provider's token")
    .default("pm_card_ok"),
  note: z.string().max(1000).optional(),
});
export type PlaceOrder = z.output<typeof PlaceOrder>;

/** Carried by every order event: the order after the transition. `reason` tells why it was rejected or cancelled. */
const OrderChanged = z.strictObject({ order: Order, reason: z.string().optional() });

/** The body of POST /v1/orders/:id/cancel and .../return: why; data, shown as it is. */
export const EndOrder = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() });

const ById = z.strictObject({ orderId: OrderId });

const UnsettledOrder = z.strictObject({
  orderId: OrderId,
  version: z.int().min(1),
  /** Whether orders itself has nothing left to do: the order has ended, and its payment fits. */
  canSettle: z.boolean(),
});

/** What is wrong with one order, in words. */
const OrderFault = z.strictObject({ orderId: OrderId, problem: z.string() });

export const orders = defineContract("orders", {
  calls: {
    /** Places an order for `ctx.meta.user`. Errors: UNKNOWN_SKU, INSUFFICIENT_STOCK, MIXED_CURRENCIES, IDEMPOTENCY_KEY_REUSED. */
    place: call({
      params: z.strictObject({ order: PlaceOrder, idempotency: Idempotency }),
      result: z.strictObject({ order: Order, replayed: z.boolean() }),
      idempotent: true,
    }),
    /** One order, if `ctx.meta.user` may see it. Errors: ORDER_NOT_FOUND (also for somebody else's). */
    get: call({ params: ById, result: Order, idempotent: true }),
    /** A customer's own orders, or for operators those of all or of one customer. */
    list: call({
      params: z.strictObject({
        status: OrderStatus.optional(),
        customerId: UserId.optional(),
        ...PageParams,
      }),
      result: pageOf(Order),
      idempotent: true,
    }),
    /** The point of no return. Errors: ORDER_NOT_FOUND, ORDER_NOT_CLAIMABLE. */
    claimFulfilment: call({ params: ById, result: Order, idempotent: true }),
    /** Captures the payment of a claimed order. Errors: ORDER_NOT_FOUND, ORDER_NOT_CLAIMED, ORDER_NOT_CLAIMABLE (cancelled meanwhile), PAYMENT_REFUSED. */
    capturePayment: call({ params: ById, result: Order, idempotent: true }),
    /** Ends an order that `ctx.meta.user` may see. Errors: ORDER_NOT_FOUND, ORDER_CANNOT_BE_CANCELLED, IDEMPOTENCY_KEY_REUSED. */
    cancel: call({
      params: EndOrder.extend({ orderId: OrderId, idempotency: Idempotency }),
      result: z.strictObject({ order: Order, replayed: z.boolean() }),
      idempotent: true,
    }),
    /** For operators: a fulfilled order has come back. Errors: ORDER_NOT_FOUND, ORDER_CANNOT_BE_RETURNED, IDEMPOTENCY_KEY_REUSED. */
    return: call({
      params: EndOrder.extend({ orderId: OrderId, idempotency: Idempotency }),
      result: z.strictObject({ order: Order, replayed: z.boolean() }),
      idempotent: true,
    }),
    /** Cancels an order whose hold has run out, unless its fulfilment has begun. Errors: ORDER_NOT_FOUND. */
    expire: call({ params: ById, result: Order, idempotent: true }),
    /** Cancels a claimed order whose capture or shipment failed for good. Errors: ORDER_NOT_FOUND, ORDER_NOT_CLAIMED, ILLEGAL_TRANSITION. */
    failFulfilment: call({
      params: z.strictObject({ orderId: OrderId, reason: z.enum(["payment_failed", "shipment_failed"]) }),
      result: Order,
      idempotent: true,
    }),
    /** Marks a claimed, captured and shipped order as fulfilled. Errors: ORDER_NOT_FOUND, ILLEGAL_TRANSITION. */
    fulfil: call({ params: ById, result: Order, idempotent: true }),
    /** Orders that may not be settled: 15 s after their last change, the longest unchanged first. */
    listUnsettled: call({
      params: z.strictObject(PageParams),
      result: pageOf(UnsettledOrder),
      idempotent: true,
    }),
    /** Settles those of the orders that are terminal with their payment right, and have not changed since `version`. */
    settle: call({
      params: z.strictObject({
        orders: z.array(z.strictObject({ orderId: OrderId, version: z.int().min(1) })).max(100),
      }),
      result: z.strictObject({ settled: z.int() }),
      idempotent: true,
    }),
    /** Which of the orders have been settled for at least so long. */
    settledOf: call({
      params: z.strictObject({ orderIds: z.array(OrderId).max(100), forSeconds: z.int().min(0).default(0) }),
      result: z.strictObject({ orderIds: z.array(OrderId) }),
      idempotent: true,
    }),
    /** A page of what is wrong among the orders that are not settled; `checked` counts those that were looked at. */
    checkOrders: call({
      params: z.strictObject({
        /** An order that has not ended so long after it was placed is stuck. */
        stuckAfterSeconds: z.int().min(1),
        /** How long an ended order's payment may take. */
        paymentGraceSeconds: z.int().min(1),
        ...PageParams,
      }),
      result: z.strictObject({
        checked: z.int(),
        stuck: z.array(OrderFault),
        misfits: z.array(OrderFault),
        nextCursor: z.string().nullable(),
      }),
      idempotent: true,
    }),
  },
  events: {
    placed: event("order.placed", OrderChanged),
    confirmed: event("order.confirmed", OrderChanged),
    rejected: event("order.rejected", OrderChanged),
    cancelled: event("order.cancelled", OrderChanged),
    fulfilled: event("order.fulfilled", OrderChanged),
    returned: event("order.returned", OrderChanged),
  },
  commands: {
    /** Finds out what became of an ended order's authorization, and voids it. */
    voidPayment: command("payments.void", ById),
    /** Gives the money of an ended order back. */
    refundPayment: command("payments.refund", ById),
  },
});
