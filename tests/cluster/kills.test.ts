import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { ShopClient } from "../../scripts/cluster/shop-client.ts";
import type { Order } from "../../services/orders/contract.ts";
import { mailsDue, mailsOf, orderFaults, stockFaults } from "../support/audit.ts";
import { startCluster, type TestCluster, until, waitForOrder } from "../support/cluster.ts";
import { placeOrder, productWith } from "../support/shop.ts";

const CLIENTS = 20;
const ORDERS_EACH = 10;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 60_000);
afterAll(() => cluster.stop(), 30_000);

/** Places an order whatever fails meanwhile: the same key until there is an answer that says what became of it. */
async function placeForSure(
  shop: ShopClient,
  sku: string,
  paymentMethod: string,
): Promise<Order | undefined> {
  const key = randomUUID();
  const deadline = Date.now() + 90_000;
  let last: unknown;
  while (Date.now() < deadline) {
    const answer = await placeOrder(shop, { items: [{ sku, quantity: 1 }], paymentMethod }, key).catch(
      (error) => {
        last = error;
        return undefined;
      },
    );
    if (answer) last = answer.body;
    if (answer?.status === 201) return answer.body;
    if (answer?.status === 409 && !answer.headers.get("retry-after")) return undefined;
    if (answer && answer.status < 500 && answer.status !== 409) throw new Error(JSON.stringify(answer.body));
    await delay(200);
  }
  throw new Error(`No answer within 90 s, the last was ${JSON.stringify(last)}`);
}

async function expectAllRight(
  orders: readonly Order[],
  customer: (order: Order) => ShopClient,
): Promise<void> {
  const ended = await Promise.all(
    orders.map((order) => waitForOrder(customer(order), order.id, ["fulfilled", "rejected"], 90_000)),
  );
  const isTold = (order: Order) => mailsOf(cluster, order.id).length === mailsDue(order).length;
  await until("every mail is sent", () => ended.every(isTold), 60_000);
  await until("stock adds up", () => stockFaults(cluster).length === 0, 30_000);
  expect(ended.flatMap((order) => orderFaults(cluster, order))).toEqual([]);
}

test.each([
  "orders-1",
  "inventory-1",
  "worker-1",
  "notifications-1",
  "accounts-1",
  "api-gateway-1",
  "nats-server",
])(
  "an order under way ends right when %s is killed in the middle",
  async (part) => {
    const sku = await productWith(cluster, { onHand: 100 });
    const customer = await cluster.customer();
    const first = (await placeForSure(customer, sku, "pm_card_ok")) as Order;
    const formerPid = cluster.kill(part);
    const second = (await placeForSure(customer, sku, "pm_card_ok")) as Order;
    await cluster.untilRestarted(part, formerPid);
    await expectAllRight([first, second], () => customer);
    const isReady = async () => (await cluster.shop.get("/readyz").catch(() => undefined))?.status === 200;
    await until("the cluster is ready again", isReady, 30_000);
  },
  120_000,
);

test("of 200 orders from 20 clients none is lost, doubled or oversold while node after node is killed", async () => {
  const plenty = await productWith(cluster, { onHand: 1_000 });
  const scarce = await productWith(cluster, { onHand: 20 });
  const customers: ShopClient[] = [];
  for (let client = 0; client < CLIENTS; client++) customers.push(await cluster.customer());
  const placed: { order: Order; customer: ShopClient }[] = [];

  async function shopping(customer: ShopClient, client: number): Promise<void> {
    for (let index = 0; index < ORDERS_EACH; index++) {
      const sku = (client + index) % 4 === 0 ? scarce : plenty;
      const method = (client + index) % 7 === 0 ? "pm_card_declined" : "pm_card_ok";
      const order = await placeForSure(customer, sku, method);
      if (order) placed.push({ order, customer });
      await delay(100);
    }
  }

  async function killing(): Promise<void> {
    for (const part of ["orders-1", "inventory-1", "worker-1", "notifications-1", "nats-server"]) {
      await delay(500);
      await cluster.untilRestarted(part, cluster.kill(part));
    }
  }

  await Promise.all([...customers.map(shopping), killing()]);
  expect(placed.length).toBeGreaterThan(120);
  const owner = new Map(placed.map(({ order, customer }) => [order.id, customer]));
  expect(owner.size).toBe(placed.length);
  await expectAllRight(
    placed.map(({ order }) => order),
    ({ id }) => owner.get(id) as ShopClient,
  );
  const listed = await (await cluster.admin()).get<{ items: Order[] }>("/v1/orders?limit=100&status=placed");
  expect(listed.body.items).toEqual([]);
}, 240_000);
