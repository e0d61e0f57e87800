import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Order } from "../../services/orders/contract.ts";
import { expectAllFulfilled } from "../support/audit.ts";
import { startCluster, type TestCluster, until } from "../support/cluster.ts";
import { startLoad } from "../support/load.ts";
import { placeOrder, productWith } from "../support/shop.ts";

/** Longer than two heartbeat time-outs (12 s at most), `ack_wait` (10 s) and every deadline of a request. */
const PAUSE_MS = 13_000;

let cluster: TestCluster;
let sku: string;
beforeAll(async () => {
  cluster = await startCluster();
  sku = await productWith(cluster, { onHand: 100_000 });
}, 60_000);
afterAll(() => cluster.stop(), 30_000);

const logOf = (part: string) => readFileSync(join(cluster.dataDir, `logs/${part}.log`), "utf8");

async function pause(parts: readonly string[]): Promise<void> {
  const pids = parts.map((part) => cluster.pidOf(part));
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  try {
    await delay(PAUSE_MS);
  } finally {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }
}

test("a node that was paused begins no work whose caller has gone", async () => {
  const customer = await cluster.customer();
  const paused = pause(["orders-1"]);
  const key = randomUUID();
  const order = { items: [{ sku, quantity: 1 }] };
  const refused = await placeOrder(customer, order, key);
  expect([refused.status, refused.body]).toMatchObject([503, { type: "/problems/outcome-unknown" }]);
  await paused;
  await until("the late calls are dropped", () => logOf("orders-1").includes("call dropped"));
  await cluster.untilHealthy();
  expect((await customer.get<{ items: Order[] }>("/v1/orders")).body.items).toEqual([]);
  const placed = await placeOrder(customer, order, key);
  expect(placed.status).toBe(201);
  await expectAllFulfilled(cluster, [placed.body]);
}, 60_000);

test("with two nodes of each, one of each paused beyond heartbeat and ack_wait fails no request, and has no double effect when it goes on", async () => {
  const services = ["orders", "inventory", "notifications", "worker"];
  await cluster.scale(...services.map((service) => `${service}=2`));
  const load = await startLoad(cluster, { sku, perSecond: 20 });
  await until("orders are under way", () => load.samples.length > 20);
  await pause(services.map((service) => `${service}-1`));
  const { failed, orders } = await load.stop();
  expect(failed).toEqual([]);
  await cluster.untilHealthy();
  await expectAllFulfilled(cluster, orders);
}, 120_000);
