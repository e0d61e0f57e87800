/** One random schedule: who does what and when, what goes wrong meanwhile; all of it follows from the seed. */
import { inventory } from "../../services/inventory/contract.ts";
import type { NodeCounts } from "./cluster.ts";
import { createFaults } from "./faults.ts";
import { paymentMethods } from "./payment-provider.ts";
import type { Random } from "./random.ts";
import { customers, type OrderRequest, operator } from "./shop.ts";
import { type Simulation, type SimulationOptions, simulate } from "./simulation.ts";

const SKUS = ["TEA-100", "CUP-200"] as const;

/** Runs the schedule of a seed; answers what was violated. */
export function runSchedule(options: SimulationOptions): Promise<string[]> {
  return simulate(options, { counts: randomCounts, faultsOf: createFaults }, randomStory);
}

function randomCounts(random: Random): NodeCounts {
  return {
    orders: random.between(1, 2),
    inventory: random.between(1, 2),
    worker: 1,
    ...(random.chance(0.06) ? { notifications: random.between(1, 2) } : {}),
    ...(random.chance(0.12) ? { tally: 1 } : {}),
  };
}

async function randomStory(simulation: Simulation): Promise<void> {
  const { world, shop, cluster } = simulation;
  const { time, random, faults, trace } = world;
  await shop.open(
    SKUS.map((sku) => ({ sku, onHand: random.between(1, 4), amount: random.between(1, 9) * 50 })),
  );
  trace?.("schedule", "faults", faults.rates);
  const orders = random.pick([1, 1, 1, 2, 2, 3]);
  for (let number = 1; number <= orders; number++) startCustomer(simulation, `key-${number}`);
  if (random.chance(0.2)) startShopkeeper(simulation);
  if (random.chance(0.2)) startExpiry(simulation);
  if (random.chance(0.1)) time.after(random.scaled(10, 20_000), () => cluster.crash());
  if (random.chance(0.06))
    time.after(random.scaled(1, 5_000), () => cluster.refuse(inventory.calls.ship.name));
  time.after(random.scaled(1_000, 60_000), faults.end, { background: true });
  await simulation.settle();
}

/** Places an order, maybe twice with one key, and maybe does not want it any more. */
function startCustomer(simulation: Simulation, key: string): void {
  const { time, random } = simulation.world;
  const who = random.pick(customers);
  const request = randomRequest(random);
  const place = (order: OrderRequest) =>
    void simulation.shop.place(who, key, order).then((answer) => {
      if (answer.done) startChangesOfMind(simulation, answer.result.id);
    });
  time.after(random.scaled(1, 2_000), () => place(request));
  if (random.chance(0.2)) time.after(random.scaled(1, 5_000), () => place(request));
  if (random.chance(0.1))
    time.after(random.scaled(1, 5_000), () => place({ ...request, note: "another body" }));
}

function startChangesOfMind({ world: { time, random }, shop }: Simulation, orderId: string): void {
  const later = (chance: number, act: () => Promise<unknown>) => {
    if (random.chance(chance)) time.after(random.scaled(1, 30_000), () => void act());
  };
  later(0.5, () => shop.cancel(random.pick([...customers, operator]), orderId, "cancel"));
  later(0.2, () => shop.cancel(operator, orderId, "cancel"));
  later(0.2, () => shop.return(operator, orderId, "return"));
  later(0.2, () => shop.return(operator, orderId, "return again"));
  later(0.1, () => shop.get(random.pick(customers), orderId));
}

function randomRequest(random: Random): OrderRequest {
  const skus = random.chance(0.3) ? SKUS : [random.pick(SKUS)];
  const { ok, declined, timeout, refused, captureRefused } = paymentMethods;
  return {
    items: skus.map((sku) => ({ sku, quantity: random.between(1, 2) })),
    paymentMethod: random.chance(0.6)
      ? ok
      : random.pick([declined, timeout, timeout, refused, captureRefused]),
  };
}

/** Receives stock and changes prices while people order. */
function startShopkeeper({ world: { time, random }, shop }: Simulation): void {
  time.after(random.scaled(1, 10_000), () => {
    void shop.change(random.pick(SKUS), "new price", {
      name: "New name",
      price: { amount: random.between(10, 20) * 50, currency: "EUR" },
    });
  });
  time.after(
    random.scaled(1, 10_000),
    () => void shop.receive(random.pick(SKUS), "receipt", random.between(1, 3)),
  );
}

/** Ends from time to time what was held too long. */
function startExpiry({ world: { time, random }, shop }: Simulation): void {
  for (let run = 0; run < 3; run++)
    time.after(random.between(1_000, 60_000), () => void shop.expireOverdue());
}
