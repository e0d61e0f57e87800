/** Forced schedules: a story says what happens when; nothing goes wrong that it does not ask for. */
import { expect } from "@jest/globals";
import { idempotencyCollection } from "../../mixins/idempotency/idempotency.ts";
import { movementRows } from "../../services/inventory/repositories/movements.ts";
import { reservationRows } from "../../services/inventory/repositories/reservations.ts";
import type { Order } from "../../services/orders/contract.ts";
import { orderRecords } from "../../services/orders/repositories/order-repository.ts";
import { noFaults } from "./faults.ts";
import { customers, type OrderRequest } from "./shop.ts";
import { type Simulation, simulate } from "./simulation.ts";
import { tallies } from "./tally.ts";

const ALL = { orders: 1, inventory: 1, worker: 1, notifications: 1, tally: 1 };
const [ann, bob] = customers;

export { ann, bob };

/** An order of tea. */
export function teas(quantity: number, more: Partial<OrderRequest> = {}): OrderRequest {
  return { items: [{ sku: "TEA-100", quantity }], ...more };
}

/** Tells a story in a shop with some tea at 4.50, lets it come to rest, and expects all invariants to hold. */
export async function tell(
  story: (simulation: Simulation) => Promise<void>,
  { seed = 1, onHand = 10 }: { seed?: number; onHand?: number } = {},
): Promise<void> {
  const violations = await simulate(
    { seed },
    { counts: () => ALL, faultsOf: noFaults },
    async (simulation) => {
      await simulation.shop.open([{ sku: "TEA-100", onHand, amount: 450 }]);
      await story(simulation);
    },
  );
  expect(violations).toEqual([]);
}

/** What a story may look at, besides what people are told. */
export function look({ cluster }: Simulation) {
  const orders = cluster.databaseOf("orders");
  const inventory = cluster.databaseOf("inventory");
  return {
    order: (id: string) => orders.get(orderRecords, id),
    orders: () => orders.find(orderRecords),
    keys: () => orders.find(idempotencyCollection).length,
    reservation: (id: string) => inventory.get(reservationRows, id)?.status,
    movements: () => inventory.find(movementRows).flatMap(({ kind, orderId }) => (orderId ? [kind] : [])),
    /** What the payment provider did, in order. */
    ledger: () =>
      cluster.provider.ledger.map(({ kind, outcome }) => (outcome === "declined" ? outcome : kind)),
    tallies: () =>
      cluster
        .databaseOf("tally")
        .find(tallies)
        .map(({ count }) => count),
    mails: () => cluster.mailbox.mails.map(({ messageId }) => messageId.split(".")[1]?.split("@")[0]),
  };
}

/** Places an order that must be accepted. */
export async function place({ shop, until }: Simulation, request = teas(2), who = ann): Promise<Order> {
  const answer = await until(shop.place(who, "key", request));
  if (!answer.done) throw new Error(`The order was refused: ${answer.refusal}`);
  return answer.result;
}

/** Lets a number of events happen. */
export function events({ untilTrue }: Simulation, count: number): Promise<void> {
  let left = count + 1;
  return untilTrue(() => --left <= 0);
}
