import { z } from "zod";
import { OrderId, pageOf, UserId } from "../../../contracts/shapes.ts";
import { callService } from "../../../mixins/calls.ts";
import { EndOrder, Order, OrderStatus, orders, PlaceOrder } from "../../orders/contract.ts";
import { PageQuery } from "./query-parameters.ts";
import { defineRoute, type Route } from "./route.ts";

const tag = "orders";

export const orderRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/v1/orders",
    tag,
    summary: "Places an order.",
    who: "customer",
    body: PlaceOrder,
    takesIdempotencyKey: true,
    answer: { status: 201, description: "The order, stored for good.", schema: Order },
    problems: ["insufficient-stock", "unknown-sku", "mixed-currencies"],
    async handle({ body, idempotency, caller }) {
      const { order, replayed } = await callService(caller, orders.calls.place, { order: body, idempotency });
      return { body: order, location: `/v1/orders/${order.id}`, replayed };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/v1/orders",
    tag,
    summary: "The customer's own orders, or for operators those of all, newest first.",
    who: "customer",
    query: z.strictObject({
      status: OrderStatus.optional(),
      customerId: UserId.optional().meta({ description: "For operators: one customer's orders." }),
      ...PageQuery,
    }),
    answer: { status: 200, description: "A page of orders.", schema: pageOf(Order) },
    problems: ["bad-cursor"],
    etag: true,
    cacheControl: "private, no-cache",
    async handle({ query, caller }) {
      return { body: await callService(caller, orders.calls.list, query) };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/v1/orders/:id",
    tag,
    summary: "One order, for its owner and for operators.",
    who: "customer",
    params: z.strictObject({ id: OrderId }),
    answer: { status: 200, description: "The order.", schema: Order },
    problems: ["not-found"],
    etag: true,
    cacheControl: "private, no-cache",
    async handle({ params, caller }) {
      return { body: await callService(caller, orders.calls.get, { orderId: params.id }) };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/orders/:id/cancel",
    tag,
    summary: "Cancels an order whose fulfilment has not begun; again changes nothing.",
    who: "customer",
    params: z.strictObject({ id: OrderId }),
    body: EndOrder,
    takesIdempotencyKey: true,
    answer: { status: 200, description: "The cancelled order.", schema: Order },
    problems: ["not-found", "order-cannot-be-cancelled"],
    async handle({ params, body, idempotency, caller }) {
      const request = { ...body, orderId: params.id, idempotency };
      const { order, replayed } = await callService(caller, orders.calls.cancel, request);
      return { body: order, replayed };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/orders/:id/return",
    tag,
    summary: "Takes a fulfilled order back: refund and restock; again changes nothing.",
    who: "operator",
    params: z.strictObject({ id: OrderId }),
    body: EndOrder,
    takesIdempotencyKey: true,
    answer: { status: 200, description: "The returned order.", schema: Order },
    problems: ["not-found", "order-cannot-be-returned"],
    async handle({ params, body, idempotency, caller }) {
      const request = { ...body, orderId: params.id, idempotency };
      const { order, replayed } = await callService(caller, orders.calls.return, request);
      return { body: order, replayed };
    },
  }),
];
