import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { loadCluster } from "../../scripts/cluster/cluster.ts";
import { addressesOf } from "../../scripts/cluster/layout.ts";
import { connectNats } from "../../scripts/cluster/nats-client.ts";
import type { Order } from "../../services/orders/contract.ts";
import { hangs, type ScriptedServer, startScriptedServer } from "../component/providers/scripted-server.ts";
import { expectAllFulfilled, mailsOf, stockFaults } from "../support/audit.ts";
import { startCluster, type TestCluster, until, waitForOrder } from "../support/cluster.ts";
import { availableOf, placeOrder, productWith } from "../support/shop.ts";

/** The rows of a query on a service's own file. */
function query({ dataDir }: TestCluster, service: string, sql: string): Record<string, unknown>[] {
  const file = join(dataDir, `${service}.sqlite`);
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

/** The orders that the reconciler still looks at. */
function unsettledOf(cluster: TestCluster): string[] {
  const unsettled = "SELECT key FROM orders WHERE json_extract(doc, '$.settleFrom') IS NOT NULL";
  return query(cluster, "orders", unsettled).map(({ key }) => String(key));
}

/** For how many orders the reconciler had messages published again. */
function republishedOf(cluster: TestCluster): number {
  const sum = "SELECT sum(json_extract(doc, '$.did.republished')) AS sum FROM job_runs";
  return Number(query(cluster, "worker", sum)[0]?.sum);
}

interface Listed {
  readonly items: readonly Record<string, unknown>[];
}

describe("While the payment provider does not answer", () => {
  let provider: ScriptedServer;
  let cluster: TestCluster;
  beforeAll(async () => {
    provider = await startScriptedServer();
    provider.behaviour = hangs;
    cluster = await startCluster({ env: { HOLD_SECONDS: "3", PAYMENT_URL: provider.url } });
  }, 60_000);
  afterAll(async () => {
    await cluster.stop();
    await provider.stop();
  }, 30_000);

  test("orders end when their hold runs out: stock is released, customers are told, and money is undone later", async () => {
    const sku = await productWith(cluster, { onHand: 10 });
    const customer = await cluster.customer();
    const placed = await Promise.all(
      Array.from({ length: 5 }, () => placeOrder(customer, { items: [{ sku, quantity: 2 }] })),
    );
    const orders = placed.map(({ body }) => body);
    const ended = await Promise.all(orders.map(({ id }) => waitForOrder(customer, id, "cancelled", 30_000)));
    expect(ended.map(({ history }) => history.at(-1)?.reason)).toEqual(
      orders.map(() => "reservation_expired"),
    );
    await until("all stock is back", async () => (await availableOf(cluster, sku)) === 10);
    expect(stockFaults(cluster)).toEqual([]);
    const isTold = ({ id }: Order) => String(mailsOf(cluster, id)) === "cancelled,placed";
    await until("every mail is sent", () => orders.every(isTold));
    expect(new Set(unsettledOf(cluster))).toEqual(new Set(orders.map(({ id }) => id)));

    provider.behaviour = { status: 200, body: { status: "declined", paymentId: "pay_1", reason: "no" } };
    await until("every order is settled", () => unsettledOf(cluster).length === 0, 60_000);
    const { body } = await customer.get<Order>(`/v1/orders/${ended[0]?.id}`);
    expect(body.payment.status).toBe("declined");
  }, 120_000);
});

describe("A cluster", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster.stop(), 30_000);

  async function deleteStreams(): Promise<void> {
    const { nats } = addressesOf(loadCluster(cluster.dataDir) as Parameters<typeof addressesOf>[0]);
    const connection = await connectNats(nats);
    try {
      const { streams } = await connection.jetstreamManager();
      for (const name of ["EVENTS", "COMMANDS"]) expect(await streams.delete(name)).toBe(true);
    } finally {
      await connection.close();
    }
  }

  test("loses none of 500 orders when its streams are deleted in the middle, and doubles nothing", async () => {
    const sku = await productWith(cluster, { onHand: 1_000 });
    const customer = await cluster.customer();
    const orders: Order[] = [];
    async function shopping(): Promise<void> {
      while (orders.length < 500) {
        const { status, body } = await placeOrder(customer, { items: [{ sku, quantity: 1 }] });
        if (status === 201) orders.push(body);
      }
    }
    const all = Promise.all(Array.from({ length: 10 }, shopping));
    await until("half of the orders are placed", () => orders.length >= 250);
    await deleteStreams();
    await all;
    await expectAllFulfilled(cluster, orders);
    await until("every order is settled", () => unsettledOf(cluster).length === 0, 60_000);
    expect(await availableOf(cluster, sku)).toBe(1_000 - orders.length);
    expect(republishedOf(cluster)).toBeGreaterThan(0);
  }, 120_000);

  test("tells operators what its jobs did and what its monitor found, and nobody else", async () => {
    const operator = await cluster.admin();
    const jobs = (await operator.get<Listed>("/v1/admin/jobs")).body.items;
    expect(jobs.map(({ name }) => name)).toEqual([
      "expire-holds",
      "reconcile",
      "invariants",
      "purge-streams",
      "retention",
    ]);
    for (const job of jobs) expect(job).toMatchObject({ leader: "worker-1", nextRun: expect.any(String) });
    expect(jobs[1]).toMatchObject({ schedule: "*/10 * * * * *", lastRun: { node: "worker-1" } });

    const read = async () => (await operator.get<Listed>("/v1/admin/invariants")).body.items;
    await until(
      "all is checked",
      async () => (await read()).every(({ checkedAt }) => checkedAt !== null),
      70_000,
    );
    expect((await read()).map(({ check, found, error }) => [check, found, error])).toEqual([
      ["stock-adds-up", 0, undefined],
      ["payments-fit", 0, undefined],
      ["no-stuck-orders", 0, undefined],
    ]);
    const customer = await cluster.customer();
    for (const path of ["/v1/admin/jobs", "/v1/admin/invariants"])
      expect((await customer.get(path)).status).toBe(403);
  }, 90_000);
});
