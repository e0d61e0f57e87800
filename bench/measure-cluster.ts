/**
 * `npm run measure`: starts a cluster of its own, with its own folder and port, and prints how long the commands
 * and the first order take and how much memory all processes use. Nothing here passes or fails.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pickFreePort } from "../scripts/cluster/ports.ts";
import { memoryOf } from "../scripts/cluster/processes.ts";
import { livingRecords } from "../scripts/cluster/records.ts";
import { createShopClient, type ShopClient } from "../scripts/cluster/shop-client.ts";
import { ROOT, runCommand } from "../scripts/command.ts";
import { formatTable } from "../scripts/table.ts";

const ORDERS = 20;
const POLL_MS = 10;

await runCommand(measure);

async function measure(): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), "measure-"));
  const port = await pickFreePort();
  const make = (command: string) => timeCommand(command, { DATA_DIR: dataDir, PORT: String(port) });
  try {
    const up = make("up");
    const shop = await signUp(createShopClient(`http://127.0.0.1:${port}`));
    const first = await timeOrder(shop);
    const memory = totalMemory(dataDir);
    const others: number[] = [];
    for (let count = 0; count < ORDERS; count += 1) others.push(await timeOrder(shop));
    const memoryAfter = totalMemory(dataDir);
    const upAgain = make("up");
    const down = make("down");
    const rows = [
      ["make up", seconds(up)],
      ["first order, POST to fulfilled", seconds(first)],
      [`order one by one, median of ${ORDERS}`, seconds(quantile(others, 0.5))],
      [`order one by one, slowest of ${ORDERS}`, seconds(quantile(others, 1))],
      ["memory of all processes (PSS)", megabytes(memory)],
      [`memory after ${ORDERS} orders (PSS)`, megabytes(memoryAfter)],
      ["make up again", seconds(upAgain)],
      ["make down", seconds(down)],
    ];
    console.log(formatTable(["what", "measured"], rows));
    return 0;
  } finally {
    make("down");
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Milliseconds that a command takes. */
function timeCommand(command: string, env: Record<string, string>): number {
  const startedAtMs = performance.now();
  const options = { cwd: ROOT, env: { ...process.env, ...env }, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [`scripts/${command}.ts`], options);
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
  return performance.now() - startedAtMs;
}

async function signUp(shop: ShopClient): Promise<ShopClient> {
  const login = {
    email: `measure-${randomBytes(4).toString("hex")}@example.com`,
    password: "measure-password",
  };
  await shop.post("/v1/auth/register", { ...login, name: "Measure" });
  const { body } = await shop.post<{ accessToken: string }>("/v1/auth/login", login);
  return shop.as(body.accessToken);
}

/** Milliseconds from the request until the order is fulfilled. */
async function timeOrder(shop: ShopClient): Promise<number> {
  const startedAtMs = performance.now();
  const order = { items: [{ sku: "TEA-100", quantity: 1 }] };
  const { status, body } = await shop.post<{ id: string }>("/v1/orders", order);
  if (status !== 201) throw new Error(`The order was answered with ${status}`);
  while (!(await isFulfilled(shop, body.id))) await delay(POLL_MS);
  return performance.now() - startedAtMs;
}

async function isFulfilled(shop: ShopClient, orderId: string): Promise<boolean> {
  const { body } = await shop.get<{ status: string }>(`/v1/orders/${orderId}`);
  return body.status === "fulfilled";
}

function totalMemory(dataDir: string): number {
  return livingRecords(dataDir).reduce((sum, { pid }) => sum + memoryOf(pid), 0);
}

function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.ceil(fraction * sorted.length) - 1] ?? 0;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
