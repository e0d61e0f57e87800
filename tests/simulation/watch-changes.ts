/** What must hold of every single change in a store, while faults happen: checked against rules of its own. */
import type { Reservation } from "../../services/inventory/contract.ts";
import { movementRows } from "../../services/inventory/repositories/movements.ts";
import { productRows } from "../../services/inventory/repositories/products.ts";
import { reservationRows } from "../../services/inventory/repositories/reservations.ts";
import { stockRows } from "../../services/inventory/repositories/stock.ts";
import type { OrderRecord } from "../../services/orders/domain/order-record.ts";
import { orderRecords } from "../../services/orders/repositories/order-repository.ts";
import type { Change } from "../support/memory-store.ts";

const ORDER_MOVES = [
  "placed confirmed",
  "placed rejected",
  "placed cancelled",
  "confirmed cancelled",
  "confirmed fulfilled",
  "fulfilled returned",
];
const PAYMENT_MOVES = [
  "pending authorized",
  "pending declined",
  "pending voided",
  "authorized captured",
  "authorized voided",
  "captured refunded",
];
/** What alone may cancel an order past the point of no return. */
const FAILED_FOR_GOOD = ["payment_failed", "shipment_failed"];
const RESERVATION_MOVES = ["held released", "held shipped", "shipped returned"];

type Offer = { readonly sku: string; readonly name: string; readonly price: { readonly amount: number } };
type Level = { readonly sku: string; onHand: number; reserved: number; available: number };

/** Answers a function to be told of each change; what breaks a rule goes into `violations`. */
export function watchChanges(violations: string[]): (change: Change) => void {
  const offers = new Set<string>();
  const report = (holds: boolean, violation: () => string) => {
    if (!holds) violations.push(violation());
  };

  const watchers: Readonly<Record<string, (before: never, after: never) => void>> = {
    [orderRecords.name](before: OrderRecord | undefined, after: OrderRecord | undefined) {
      if (!after) return report(false, () => `the order ${before?.id} was removed`);
      if (!before) watchNewOrder(after);
      else watchOrder(before, after);
      report(
        after.status === after.history.at(-1)?.status,
        () => `${after.id}: its status is not its last history entry`,
      );
    },
    [reservationRows.name](before: Reservation | undefined, after: Reservation | undefined) {
      if (!before || !after)
        return report(after !== undefined, () => `the reservation of ${before?.orderId} was removed`);
      report(
        RESERVATION_MOVES.includes(`${before.status} ${after.status}`),
        () => `the reservation of ${after.orderId} went from ${before.status} to ${after.status}`,
      );
    },
    [movementRows.name](before: object | undefined) {
      report(before === undefined, () => "a stock movement was changed or removed");
    },
    [stockRows.name](_before: Level | undefined, { sku, onHand, reserved, available }: Level) {
      report(available >= 0 && reserved >= 0, () => `${sku} was oversold: ${available} available`);
      report(available === onHand - reserved, () => `${sku}: available is not onHand - reserved`);
    },
    [productRows.name](_before: object | undefined, offer: Offer) {
      offers.add(offerKey(offer.sku, offer.name, offer.price.amount));
    },
  };

  function watchNewOrder({ id, status, items, total }: OrderRecord): void {
    report(status === "placed", () => `${id} began as ${status}`);
    const sum = items.reduce((sofar, { unitPrice, quantity }) => sofar + unitPrice.amount * quantity, 0);
    report(total.amount === sum, () => `${id}: its total is not the sum of its lines`);
    for (const { sku, name, unitPrice } of items)
      report(
        offers.has(offerKey(sku, name, unitPrice.amount)),
        () => `${id}: nobody ever offered ${sku} like this`,
      );
  }

  function watchOrder(before: OrderRecord, after: OrderRecord): void {
    const { id } = after;
    report(
      after.version === before.version + 1,
      () => `${id} went from version ${before.version} to ${after.version}`,
    );
    report(
      before.status === after.status || ORDER_MOVES.includes(`${before.status} ${after.status}`),
      () => `${id} went from ${before.status} to ${after.status}`,
    );
    report(
      before.claimedAt === after.claimedAt || (before.status === "confirmed" && after.status === "confirmed"),
      () => `${id} was claimed while it was ${before.status}`,
    );
    report(
      !before.claimedAt ||
        before.status === after.status ||
        after.status !== "cancelled" ||
        FAILED_FOR_GOOD.includes(after.history.at(-1)?.reason ?? ""),
      () => `${id} was cancelled past the point of no return`,
    );
    const [paymentBefore, paymentAfter] = [before.payment.status, after.payment.status];
    report(
      paymentBefore === paymentAfter || PAYMENT_MOVES.includes(`${paymentBefore} ${paymentAfter}`),
      () => `the payment of ${id} went from ${paymentBefore} to ${paymentAfter}`,
    );
    report(
      isSame(after.history.slice(0, before.history.length), before.history),
      () => `the history of ${id} was rewritten`,
    );
    report(
      isSame(after.items, before.items) && isSame(after.total, before.total),
      () => `the items of ${id} have changed`,
    );
  }

  return ({ collection, before, after }) => watchers[collection.name]?.(before as never, after as never);
}

const offerKey = (sku: string, name: string, amount: number) => `${sku} ${name} ${amount}`;

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
