/** An order as orders keeps it, and what its changes look like. */
import type { MessageDraft } from "../../../contracts/define-contract.ts";
import { type Order, type OrderStatus, orders, type PaymentStatus } from "../contract.ts";
import { IllegalTransition } from "./errors.ts";

/** What clients see of an order, and what only this service knows. */
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
  /** From then on it is asked whether the order is settled; absent once it is. Unix milliseconds. */
  readonly settleFrom?: number;
  /** When it was settled last, Unix milliseconds. */
  readonly settledAt?: number;
};

/** An order after a change, with the messages that the change causes. They are stored together. */
export interface Changed {
  readonly order: OrderRecord;
  readonly messages: readonly MessageDraft[];
}

/** Who moves an order, when (RFC 3339), and why. */
export interface Cause {
  readonly at: string;
  readonly by: string;
  readonly reason?: string | undefined;
}

/** An order that has just changed gets this long to end, and its messages to arrive, before anybody asks. */
const SETTLE_AFTER_MS = 15_000;

/** What makes an order one that has to be settled (again). */
export function unsettled({ at }: Pick<Cause, "at">): Required<Pick<OrderRecord, "settleFrom">> {
  return { settleFrom: Date.parse(at) + SETTLE_AFTER_MS };
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

/** @throws {IllegalTransition} the move does not start from the order's status */
export function move(
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

/** The next version of an order, unsettled again; its status and history stay unless the change names them. */
export function changed(
  order: OrderRecord,
  { at, ...change }: Partial<OrderRecord> & { at: string },
): Changed {
  return {
    order: { ...order, ...change, version: order.version + 1, updatedAt: at, ...unsettled({ at }) },
    messages: [],
  };
}

/** For a step that was taken before, or that has nothing to do (any more). */
export function unchanged(order: OrderRecord): Changed {
  return { order, messages: [] };
}

/** What clients and other services see of an order. */
export function toOrder({
  customerId: _,
  claimedAt: __,
  settleFrom: ___,
  settledAt: ____,
  payment,
  ...visible
}: OrderRecord): Order {
  return { ...visible, payment: { status: payment.status } };
}
