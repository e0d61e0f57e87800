/** What must hold once the faults are over and nothing is on its way any more. */

import { idempotencyCollection } from "../../mixins/idempotency/idempotency.ts";
import { inboxRows, outboxRows } from "../../mixins/messaging/outbox.ts";
import type { Reservation, StockMovement } from "../../services/inventory/contract.ts";
import { movementRows } from "../../services/inventory/repositories/movements.ts";
import { reservationRows } from "../../services/inventory/repositories/reservations.ts";
import { stockRows } from "../../services/inventory/repositories/stock.ts";
import { notificationRows } from "../../services/notifications/repositories/notification-repository.ts";
import type { OrderRecord } from "../../services/orders/domain/order-record.ts";
import { orderRecords } from "../../services/orders/repositories/order-repository.ts";
import type { Cluster } from "./cluster.ts";
import type { LedgerLine } from "./payment-provider.ts";
import type { Told } from "./shop.ts";
import { tallies } from "./tally.ts";

/** Each violation is a sentence. */
type Check = (cluster: Cluster, told: Told) => Iterable<string>;

/** Where the stock of an order may be, by the order's status. */
const RESERVATIONS: Readonly<Record<string, readonly Reservation["status"][]>> = {
  fulfilled: ["shipped"],
  returned: ["returned"],
  rejected: ["released"],
  // Shipped, and then failed for good: it came back.
  cancelled: ["released", "returned"],
};

/** What the ledger may say of an order's payment, by what the order says of it. */
const LEDGERS: Readonly<Record<string, readonly string[]>> = {
  pending: [""],
  declined: ["", "declined"],
  captured: ["authorize capture"],
  voided: ["authorize void"],
  refunded: ["authorize capture refund"],
};

const PAYMENTS: Readonly<Record<string, readonly string[]>> = {
  fulfilled: ["captured"],
  returned: ["refunded"],
  rejected: ["pending", "declined"],
  cancelled: ["pending", "declined", "voided", "refunded"],
};

function ordersOf(cluster: Cluster): OrderRecord[] {
  return cluster.databaseOf("orders").find(orderRecords);
}

function* peopleWereToldTheTruth(cluster: Cluster, told: Told) {
  yield* told.lies;
  const { get } = cluster.databaseOf("orders");
  for (const id of told.acknowledged.keys())
    if (!get(orderRecords, id)) yield `the acknowledged order ${id} is lost`;
  for (const id of told.cancelled)
    if (get(orderRecords, id)?.status !== "cancelled") yield `${id} was acknowledged as cancelled and is not`;
  for (const id of told.returned)
    if (get(orderRecords, id)?.status !== "returned") yield `${id} was acknowledged as returned and is not`;
}

function* oneKeyHasOneOrder(cluster: Cluster) {
  const bound = cluster
    .databaseOf("orders")
    .find(idempotencyCollection)
    .filter(({ key }) => key.includes(":/v1/orders:"))
    .map(({ resourceId }) => resourceId);
  const orders = ordersOf(cluster);
  for (const { id } of orders)
    if (bound.filter((one) => one === id).length !== 1) yield `the order ${id} does not have one key`;
  if (bound.length !== orders.length) yield `${bound.length} keys are bound to ${orders.length} orders`;
}

function* everyOrderHasEnded(cluster: Cluster) {
  for (const { id, status } of ordersOf(cluster))
    if (!(status in RESERVATIONS)) yield `the order ${id} is still ${status}`;
}

function* stockIsWhereItsOrderIs(cluster: Cluster) {
  const { get } = cluster.databaseOf("inventory");
  for (const { id, status, items } of ordersOf(cluster)) {
    const reservation = get(reservationRows, id);
    const found = reservation?.status ?? "missing";
    if (!RESERVATIONS[status]?.includes(found as never))
      yield `${id} is ${status} and its reservation is ${found}`;
    const shipped = status === "fulfilled" || status === "returned";
    const ordered = items.map(({ sku, quantity }) => ({ sku, quantity }));
    if (shipped && JSON.stringify(reservation?.lines) !== JSON.stringify(ordered))
      yield `${id} got other goods than ordered`;
  }
}

function* stockAddsUp(cluster: Cluster) {
  const { find } = cluster.databaseOf("inventory");
  const movements = find(movementRows);
  const held = find(reservationRows).filter(({ status }) => status === "held");
  for (const { sku, onHand, reserved, available } of find(stockRows)) {
    const own = movements.filter((movement) => movement.sku === sku);
    const sum = (field: "onHandDelta" | "reservedDelta") =>
      own.reduce((total, movement) => total + movement[field], 0);
    const inReservations = held
      .flatMap(({ lines }) => lines)
      .reduce((total, line) => total + (line.sku === sku ? line.quantity : 0), 0);
    if (onHand !== sum("onHandDelta"))
      yield `${sku}: ${onHand} on hand, ${sum("onHandDelta")} by its movements`;
    if (reserved !== sum("reservedDelta"))
      yield `${sku}: ${reserved} reserved, ${sum("reservedDelta")} by its movements`;
    if (reserved !== inReservations) yield `${sku}: ${reserved} reserved, ${inReservations} in reservations`;
    if (available !== onHand - reserved || available < 0) yield `${sku}: ${available} available`;
    yield* repeatedMovements(own);
  }
}

function* repeatedMovements(movements: readonly StockMovement[]) {
  const seen = new Set<string>();
  for (const { orderId, sku, kind } of movements) {
    if (!orderId) continue;
    const once = `${kind} of ${sku} for ${orderId}`;
    if (seen.has(once)) yield `two movements: ${once}`;
    seen.add(once);
  }
}

function* moneyIsWhereItsOrderIs(cluster: Cluster) {
  for (const { id, status, payment, total } of ordersOf(cluster)) {
    const lines = cluster.provider.ledger.filter(({ orderId }) => orderId === id);
    const told = lines.map(tellLine).join(" ");
    if (!PAYMENTS[status]?.includes(payment.status))
      yield `${id} is ${status} and its payment is ${payment.status}`;
    if (!LEDGERS[payment.status]?.includes(told))
      yield `the payment of ${id} is ${payment.status}, and the ledger says "${told}"`;
    if (lines.some(({ amount }) => amount.amount !== total.amount)) yield `${id} was charged another amount`;
  }
}

const tellLine = ({ kind, outcome }: LedgerLine) => (outcome === "declined" ? outcome : kind);

function* everyMessageWasHandledOnce(cluster: Cluster) {
  const { stream } = cluster;
  if (stream.inFlight() > 0) yield `${stream.inFlight()} deliveries never ended`;
  for (const service of cluster.services) {
    const { find } = cluster.databaseOf(service);
    for (const { message, pending } of find(outboxRows)) {
      if (pending !== 0) yield `${message.type} was never published`;
      for (const consumer of stream.consumersOf(message.type))
        if (!isInInbox(cluster, `${consumer.name}:${message.id}`))
          yield `${message.type} is not in the inbox of ${consumer.name}`;
    }
    const told = find(outboxRows).map(
      ({ subject, message }) => `${message.type} ${message.version} of ${subject}`,
    );
    if (new Set(told).size < told.length) yield `${service} told something twice: ${told.join(", ")}`;
  }
  if (!cluster.services.includes("tally")) return;
  for (const { eventId, count } of cluster.databaseOf("tally").find(tallies))
    if (count !== 1) yield `the event ${eventId} had ${count} effects on one consumer`;
}

function isInInbox(cluster: Cluster, inboxId: string): boolean {
  return cluster.services.some(
    (service) => cluster.databaseOf(service).get(inboxRows, inboxId) !== undefined,
  );
}

function* everyStatusWasMailed(cluster: Cluster) {
  if (!cluster.services.includes("notifications")) return;
  const rows = cluster.databaseOf("notifications").find(notificationRows);
  const sent = new Set(cluster.mailbox.mails.map(({ messageId }) => messageId));
  for (const { id, history } of ordersOf(cluster)) {
    for (const { status } of history) {
      const row = rows.find((one) => one.orderId === id && one.template === status);
      if (row?.status !== "sent" || !sent.has(row.messageId))
        yield `nobody was told by mail that ${id} is ${status}`;
    }
    const own = rows.filter(({ orderId }) => orderId === id);
    if (own.length !== history.length)
      yield `${own.length} kinds of mail for the ${history.length} states of ${id}`;
  }
}

const checks: readonly Check[] = [
  peopleWereToldTheTruth,
  oneKeyHasOneOrder,
  everyOrderHasEnded,
  stockIsWhereItsOrderIs,
  stockAddsUp,
  moneyIsWhereItsOrderIs,
  everyMessageWasHandledOnce,
  everyStatusWasMailed,
];

/** Everything that is wrong; nothing when all invariants hold. */
export function findViolations(cluster: Cluster, told: Told): string[] {
  return checks.flatMap((check) => [...check(cluster, told)]);
}
