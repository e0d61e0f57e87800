import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createShopClient } from "../../scripts/cluster/shop-client.ts";
import type { Order } from "../../services/orders/contract.ts";
import { expectAllFulfilled } from "../support/audit.ts";
import { startCluster, type TestCluster, until } from "../support/cluster.ts";
import { newCustomer, startLoad } from "../support/load.ts";
import { placeOrder, productWith } from "../support/shop.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 60_000);
afterAll(() => cluster.stop(), 30_000);

const nodesOf = (service: string) =>
  [...cluster.pids().keys()].filter((name) => name.startsWith(`${service}-`)).sort();

test("scaling out and in under load fails no request, and every acknowledged order ends right", async () => {
  const sku = await productWith(cluster, { onHand: 10_000 });
  const load = await startLoad(cluster, { sku });
  await cluster.scale("orders=2", "inventory=2", "api-gateway=2");
  expect(nodesOf("orders")).toEqual(["orders-1", "orders-2"]);
  await until(
    "both gateways have served",
    () => new Set(load.samples.map(({ gateway }) => gateway)).size === 2,
  );
  await cluster.scale("orders=3", "inventory=1", "worker=2");
  await cluster.scale("orders=1", "api-gateway=1", "worker=1");
  expect([...nodesOf("orders"), ...nodesOf("inventory"), ...nodesOf("api-gateway")]).toEqual([
    "orders-1",
    "inventory-1",
    "api-gateway-1",
  ]);
  const { failed, orders } = await load.stop();
  expect(failed).toEqual([]);
  expect(orders.length).toBeGreaterThan(50);
  await expectAllFulfilled(cluster, orders);
}, 90_000);

test("with two gateways and two orders nodes, 50 concurrent POSTs with one key are one order, 50 answers that are it or 409s that become it on retry; another body is a 422", async () => {
  await cluster.scale("orders=2", "api-gateway=2");
  await cluster.untilHealthy();
  const sku = await productWith(cluster, { onHand: 1_000 });
  const token = await newCustomer(cluster);
  const [first, second] = cluster.gateways().map((gateway) => createShopClient(gateway, token));
  if (!first || !second) throw new Error("There should be two gateways");
  const key = randomUUID();
  const order = { items: [{ sku, quantity: 1 }] };
  const clients = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? first : second));
  const answers = await Promise.all(
    clients.map(async (shop) => {
      for (;;) {
        const answer = await placeOrder(shop, order, key);
        if (answer.status !== 409 || !answer.headers.get("retry-after")) return answer;
      }
    }),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);

  const others = await Promise.all(
    [first, second].map((shop) => placeOrder(shop, { items: [{ sku, quantity: 2 }] }, key)),
  );
  expect(others.map(({ status }) => status)).toEqual([422, 422]);
  const { body } = await second.get<{ items: Order[] }>("/v1/orders");
  expect(body.items).toHaveLength(1);
  await expectAllFulfilled(cluster, body.items);
}, 60_000);

test("the counts and the gateways' ports outlive the cluster and its supervisor", async () => {
  await cluster.scale("orders=2", "api-gateway=2");
  const gateways = cluster.gateways();
  cluster.kill("supervisor");
  await cluster.scale("worker=2");
  expect(nodesOf("worker")).toEqual(["worker-1", "worker-2"]);
  expect((await cluster.run("down")).code).toBe(0);
  const { code, output } = await cluster.run("up");
  expect([code, output]).toEqual([0, expect.stringContaining("orders-2")]);
  expect(cluster.gateways()).toEqual(gateways);
  for (const gateway of gateways) expect(output).toContain(gateway);
  expect((await cluster.run("status")).output).toContain(gateways.join(", "));
}, 60_000);

test.each([
  ["orders=0", /^orders needs at least one node: .*\.\n$/],
  ["shoes=2", /^There is no service shoes: choose from .*\.\n$/],
  ["orders=many", /^The number of nodes of orders must be a whole number from 1 to 32, .*\.\n$/],
  ["orders=33", /^The number of nodes of orders must be a whole number from 1 to 32, .*\.\n$/],
])("`make scale %s` is refused with a sentence", async (word, sentence) => {
  const { code, output } = await cluster.run("scale", { args: [word] });
  expect([code, output]).toEqual([1, expect.stringMatching(sentence)]);
});
