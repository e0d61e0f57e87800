/** What becomes of messages that cannot be handled now, or never, on a whole cluster; poison: dead-letters.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { NatsConnection } from "nats";
import { loadCluster } from "../../scripts/cluster/cluster.ts";
import { addressesOf } from "../../scripts/cluster/layout.ts";
import { connectNats } from "../../scripts/cluster/nats-client.ts";
import { pickFreePort } from "../../scripts/cluster/ports.ts";
import { readRecord } from "../../scripts/cluster/records.ts";
import type { ShopClient } from "../../scripts/cluster/shop-client.ts";
import type { Order } from "../../services/orders/contract.ts";
import type { DeadLetter } from "../../services/worker/contract.ts";
import { expectAllFulfilled, stockFaults } from "../support/audit.ts";
import { emptyCluster, startCluster, type TestCluster, until, waitForOrder } from "../support/cluster.ts";
import { countLetters } from "../support/dead-letters.ts";
import { type RunningProcess, startProcess } from "../support/processes.ts";
import { availableOf, placeOrder, productWith } from "../support/shop.ts";

const AWAY_MS = 5 * 60_000;
const LETTERS = "/v1/admin/dead-letters";
const KILLER_FOLDER = mkdtempSync(join(tmpdir(), "orders-killer-"));
const KILLER_FILE = join(KILLER_FOLDER, "killer");

interface Outage {
  readonly cluster: TestCluster;
  readonly sandbox: RunningProcess;
  /** Starts the payment provider again where it was. */
  startSandbox(): Promise<RunningProcess>;
  readonly customer: ShopClient;
  readonly orders: readonly Order[];
  readonly sku: string;
  readonly sinceMs: number;
}

let outage: Outage;
let cluster: TestCluster;
let connection: NatsConnection;
beforeAll(async () => {
  outage = await beginOutage();
  cluster = await startCluster({
    env: {
      NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "../support/deadly-order-process.ts"))}`,
      KILLER_FILE,
    },
  });
  connection = await connectTo(cluster);
}, 90_000);
afterAll(async () => {
  await connection?.close();
  await Promise.all([cluster?.stop(), outage?.cluster.stop()]);
  await outage?.sandbox.kill();
  rmSync(KILLER_FOLDER, { recursive: true });
}, 60_000);

function connectTo({ dataDir }: TestCluster): Promise<NatsConnection> {
  return connectNats(addressesOf(loadCluster(dataDir) as NonNullable<ReturnType<typeof loadCluster>>).nats);
}

/** A cluster whose payment provider goes away, with orders placed just before and just after. */
async function beginOutage(): Promise<Outage> {
  const port = await pickFreePort();
  const cluster = await emptyCluster({ env: { PAYMENT_URL: `http://127.0.0.1:${port}` } });
  const startSandbox = () =>
    startProcess("sandbox/payment-provider/main.ts", [
      "--port",
      String(port),
      "--data",
      join(cluster.dataDir, "payments"),
    ]);
  const sandbox = await startSandbox();
  const { code, output } = await cluster.run("up");
  if (code !== 0) throw new Error(output);
  const sku = await productWith(cluster, { onHand: 100 });
  const customer = await cluster.customer();
  const place = async () => (await placeOrder(customer, { items: [{ sku, quantity: 1 }] })).body;
  const before = await Promise.all([place(), place(), place()]);
  await sandbox.kill();
  const after = await Promise.all([place(), place(), place()]);
  return {
    cluster,
    sandbox,
    startSandbox,
    customer,
    sku,
    orders: [...before, ...after],
    sinceMs: Date.now(),
  };
}

/** Somebody else holds the lock of inventory's store until `during` has ended: what came meanwhile waits there. */
async function whileInventoryIsBusy<T>(during: () => Promise<T>): Promise<T> {
  const locked = new DatabaseSync(join(cluster.dataDir, "inventory.sqlite"), { timeout: 5_000 });
  locked.exec("BEGIN IMMEDIATE");
  try {
    return await during();
  } finally {
    locked.close();
  }
}

async function placeMany(customer: ShopClient, sku: string, count: number): Promise<Order[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => placeOrder(customer, { items: [{ sku, quantity: 1 }] })),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  return answers.map(({ body }) => body);
}

const statusOf = async (customer: ShopClient, { id }: Order) =>
  (await customer.get<Order>(`/v1/orders/${id}`)).body.status;

test("a message that kills its process is given up, the ten in flight beside it are handled, and its replay ends the order", async () => {
  const sku = await productWith(cluster, { onHand: 100 });
  const deadly = await productWith(cluster, { onHand: 100 });
  const customer = await cluster.customer();
  writeFileSync(KILLER_FILE, deadly);
  const restarts = () => readRecord(cluster.dataDir, "inventory-1")?.restarts ?? 0;

  const [innocent, [killer]] = await whileInventoryIsBusy(async () => {
    const five = await placeMany(customer, sku, 5);
    const deadlyOne = await placeMany(customer, deadly, 1);
    return [[...five, ...(await placeMany(customer, sku, 5))], deadlyOne] as const;
  });
  const operator = await cluster.admin();
  const letters = async () => (await operator.get<{ items: DeadLetter[] }>(LETTERS)).body.items ?? [];
  await until("the killer is a dead letter", async () => (await letters()).length > 0, 120_000);
  const [letter, ...others] = await letters();
  expect(others).toEqual([]);
  expect(letter).toMatchObject({
    consumer: "inventory--order-placed",
    orderId: killer?.id,
    error: { code: "KILLED_ITS_PROCESS" },
  });
  await expectAllFulfilled(cluster, innocent);
  // Three times beside others and twice alone, and once for each copy that the reconciler published before that.
  const deaths = restarts();
  expect(deaths).toBeGreaterThanOrEqual(5);
  expect(deaths).toBeLessThanOrEqual(10);
  expect(await statusOf(customer, killer as Order)).toBe("placed");

  rmSync(KILLER_FILE);
  expect((await operator.post(`${LETTERS}/${letter?.id}/replay`, {})).status).toBe(200);
  await expectAllFulfilled(cluster, [killer as Order]);
  expect(await availableOf(cluster, deadly)).toBe(99);
  expect(await letters()).toEqual([]);
  expect(restarts()).toBe(deaths);
}, 200_000);

test("messages wait while a store is busy, and are handled once when it is free again", async () => {
  const sku = await productWith(cluster, { onHand: 100 });
  const customer = await cluster.customer();
  const orders = await whileInventoryIsBusy(async () => {
    const placed = await placeMany(customer, sku, 10);
    await delay(12_000);
    for (const order of placed) expect(await statusOf(customer, order)).toBe("placed");
    return placed;
  });
  await expectAllFulfilled(cluster, orders);
  expect(await availableOf(cluster, sku)).toBe(90);
  expect(await countLetters(connection)).toBe(0);
}, 90_000);

test("a full stream refuses messages, orders are acknowledged all the same, and all of them end once there is room", async () => {
  const sku = await productWith(cluster, { onHand: 100 });
  const customer = await cluster.customer();
  const { streams } = await connection.jetstreamManager();
  const { config, state } = await streams.info("EVENTS");
  await streams.update("EVENTS", { ...config, max_msgs: state.messages });

  const orders = await placeMany(customer, sku, 10);
  await delay(5_000);
  expect((await streams.info("EVENTS")).state.last_seq).toBe(state.last_seq);
  for (const order of orders) expect(await statusOf(customer, order)).toBe("placed");

  await streams.update("EVENTS", config);
  await expectAllFulfilled(cluster, orders);
  expect(await availableOf(cluster, sku)).toBe(90);
  expect(await countLetters(connection)).toBe(0);
}, 90_000);

test("orders wait for a payment provider that is down for five minutes, and are charged once when it is back", async () => {
  const { cluster, customer, orders, sku, sinceMs, startSandbox } = outage;
  await delay(Math.max(0, sinceMs + AWAY_MS - Date.now()));
  const waiting = await Promise.all(orders.slice(3).map((order) => statusOf(customer, order)));
  expect(waiting).toEqual(waiting.map(() => "placed"));
  expect(await availableOf(cluster, sku)).toBe(94);
  const late = await placeOrder(customer, { items: [{ sku, quantity: 1 }] });
  expect(late.status).toBe(201);

  outage = { ...outage, sandbox: await startSandbox() };
  await Promise.all([...orders, late.body].map(({ id }) => waitForOrder(customer, id, "fulfilled", 40_000)));
  await expectAllFulfilled(cluster, [...orders, late.body]);
  expect(stockFaults(cluster)).toEqual([]);
  const nats = await connectTo(cluster);
  expect(await countLetters(nats).finally(() => nats.close())).toBe(0);
}, 420_000);
