/** Real clusters for tests: started by the real `scripts/up.ts`, each with its own folder and ports. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { loadCluster } from "../../scripts/cluster/cluster.ts";
import { addressesOf, partsOf } from "../../scripts/cluster/layout.ts";
import { pickFreePort } from "../../scripts/cluster/ports.ts";
import { isAlive, memoryOf } from "../../scripts/cluster/processes.ts";
import { createProbe } from "../../scripts/cluster/readiness.ts";
import { livingRecords, readRecord } from "../../scripts/cluster/records.ts";
import { createShopClient, type ShopClient } from "../../scripts/cluster/shop-client.ts";
import type { Order } from "../../services/orders/contract.ts";
import { settingsSchema } from "../../settings.ts";

const ROOT = join(import.meta.dirname, "../..");
const ADMIN_PASSWORD = "admin-of-a-test";

type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

/** One line of the payment sandbox's ledger. */
export interface LedgerLine {
  readonly kind: "authorize" | "capture" | "void" | "refund";
  readonly key: string;
  readonly paymentId: string;
  readonly orderId: string;
  readonly outcome: "succeeded" | "declined";
  readonly requestId: string;
}

export interface TestCluster {
  readonly url: string;
  readonly dataDir: string;
  readonly port: number;
  /** A client of nobody's. */
  readonly shop: ShopClient;
  /** Runs another command on this cluster, such as `status`. */
  run(command: string, options?: RunOptions): Promise<CommandResult>;
  /** The pids of the living processes by part, the supervisor's among them. */
  pids(): Map<string, number>;
  /** @throws {Error} the part does not run */
  pidOf(part: string): number;
  /** `kill -9`; resolves to its former pid at once. */
  kill(part: string): number;
  /** Resolves once another process of that part runs. */
  untilRestarted(part: string, formerPid: number): Promise<void>;
  /** Addresses of all gateways that are wanted now, without a slash at the end. */
  gateways(): string[];
  /** Runs `make scale` with words such as `orders=2`. @throws {Error} with its output when that fails */
  scale(...words: string[]): Promise<void>;
  /** Resolves once every part answers. */
  untilHealthy(): Promise<void>;
  /** Registers a new customer and signs in. */
  customer(): Promise<ShopClient>;
  admin(): Promise<ShopClient>;
  /** Memory of all processes in bytes. */
  memory(): number;
  ledger(orderId?: string): LedgerLine[];
  /** The raw mails of one order, or all. */
  mails(orderId?: string): string[];
  /** Stops the cluster and removes its folder. */
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly env?: Environment;
  readonly args?: readonly string[];
  /** Written to its standard input. */
  readonly input?: string;
  /** Interrupts the command (Ctrl-C) as soon as its output fits. */
  readonly interruptAt?: RegExp;
  /** A copy of the project, when it is its command. */
  readonly root?: string;
}

/** A new folder and a free port for a cluster that nobody has started yet. */
export async function emptyCluster({ env = {} }: { env?: Environment } = {}): Promise<TestCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), "cluster-"));
  const port = await pickFreePort();
  const url = `http://127.0.0.1:${port}`;
  const shop = createShopClient(url);
  const own = { PORT: String(port), DATA_DIR: dataDir, ADMIN_PASSWORD, ...env };
  const pidOf = (part: string) => {
    const record = readRecord(dataDir, part);
    if (!record || !isAlive(record)) throw new Error(`${part} does not run`);
    return record.pid;
  };

  const saved = () => {
    const cluster = loadCluster(dataDir);
    if (!cluster) throw new Error("The cluster was never started");
    return cluster;
  };

  return {
    url,
    dataDir,
    port,
    shop,
    run: (command, options = {}) => runCommand(command, { ...options, env: { ...own, ...options.env } }),
    pids: () => new Map(livingRecords(dataDir).map(({ name, pid }) => [name, pid])),
    pidOf,
    kill(part) {
      const pid = pidOf(part);
      process.kill(pid, "SIGKILL");
      return pid;
    },
    untilRestarted: (part, formerPid) =>
      until(`${part} is started again`, () => {
        const record = readRecord(dataDir, part);
        return record !== undefined && record.pid !== formerPid && isAlive(record);
      }),
    gateways: () => addressesOf(saved()).gateways,
    async scale(...words) {
      const { code, output } = await runCommand("scale", { env: own, args: words });
      if (code !== 0) throw new Error(output);
    },
    async untilHealthy() {
      const cluster = saved();
      const probe = createProbe(cluster);
      const parts = partsOf(cluster);
      const all = async () => (await probe.readyParts(parts, { waitMs: 500 })).size === parts.length;
      await until("every part is ready", all, 30_000).finally(() => probe.close());
    },
    async customer() {
      const email = `customer-${randomBytes(6).toString("hex")}@example.com`;
      const password = "password-of-a-test";
      const account = { email, password, name: "Test Customer" };
      // Taken already: an earlier try of ours, whose answer was lost.
      await untilAnswered(() => shop.post("/v1/auth/register", account), [201, 409]);
      return await signIn(shop, email, password);
    },
    admin: () => signIn(shop, "admin@example.com", own.ADMIN_PASSWORD ?? ""),
    memory: () => livingRecords(dataDir).reduce((sum, { pid }) => sum + memoryOf(pid), 0),
    ledger: (orderId = "") =>
      linesOf(join(dataDir, "payments/ledger.jsonl"))
        .filter((line) => line.includes(orderId))
        .map((line) => JSON.parse(line)),
    mails: (orderId = "") =>
      filesIn(join(dataDir, "mail"))
        .filter((name) => name.endsWith(".eml"))
        .map((name) => readFileSync(join(dataDir, "mail", name), "utf8"))
        .filter((mail) => mail.includes(orderId)),
    async stop() {
      const { code, output } = await runCommand("down", { env: own });
      for (const record of livingRecords(dataDir)) process.kill(record.pid, "SIGKILL");
      rmSync(dataDir, { recursive: true, force: true });
      if (code !== 0) throw new Error(output);
    },
  };
}

/**
 * Starts a cluster and waits until it is ready.
 * @throws {Error} with the output of `make up` when it does not start
 */
export async function startCluster(options: { env?: Environment } = {}): Promise<TestCluster> {
  const cluster = await emptyCluster(options);
  const { code, output } = await cluster.run("up");
  if (code === 0) return cluster;
  await cluster.stop();
  throw new Error(output);
}

/**
 * Resolves to the order once it has one of these statuses.
 * @throws {Error} it has not within `timeoutMs`
 */
export async function waitForOrder(
  shop: ShopClient,
  orderId: string,
  statuses: Order["status"] | readonly Order["status"][],
  timeoutMs = 30_000,
): Promise<Order> {
  const wanted = new Set([statuses].flat());
  let order: Order | undefined;
  await until(
    `the order ${orderId} is ${[...wanted].join(" or ")}`,
    async () => {
      const answer = await shop.get<Order>(`/v1/orders/${orderId}`).catch(() => undefined);
      if (answer?.status === 200) order = answer.body;
      return order !== undefined && wanted.has(order.status);
    },
    timeoutMs,
  );
  return order as Order;
}

/**
 * Polls until a condition holds.
 * @param holds answers true, or else false or what it saw instead
 * @throws {Error} it does not hold within `timeoutMs`; the message tells what was seen last
 */
export async function until(
  what: string,
  holds: () => boolean | string | Promise<boolean | string>,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await holds();
    if (answer === true) return;
    if (Date.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}. Last seen: ${answer}`);
    await delay(50);
  }
}

/** Runs a command's script to its end, with these settings and no others. */
async function runCommand(
  command: string,
  { env = {}, args = [], input = "", interruptAt, root = ROOT }: RunOptions,
): Promise<CommandResult> {
  // Set but empty: neither the environment of the test run nor a .env file of the project plays a part.
  const unset = Object.fromEntries(Object.keys(settingsSchema.shape).map((name) => [name, ""]));
  const child = spawn(process.execPath, [`scripts/${command}.ts`, ...args], {
    cwd: root,
    env: { ...process.env, ...unset, ...env },
  });
  child.stdin.end(input);
  let output = "";
  let isInterrupted = false;
  const read = (chunk: Buffer) => {
    output += chunk;
    if (isInterrupted || !interruptAt?.test(output)) return;
    isInterrupted = true;
    child.kill("SIGINT");
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  return await new Promise((resolve) => child.once("close", (code) => resolve({ code: code ?? -1, output })));
}

async function signIn(shop: ShopClient, email: string, password: string): Promise<ShopClient> {
  const answer = await untilAnswered(() => shop.post("/v1/auth/login", { email, password }), [200]);
  return shop.as((answer.body as { accessToken: string }).accessToken);
}

/**
 * Asks again, as a client does, while a part of the cluster is away (503, no connection); the request must be one that
 * is safe to repeat.
 * @throws {Error} the answer is another than the wanted ones, or none came within 40 s
 */
export async function untilAnswered<A extends { status: number; body: unknown }>(
  ask: () => Promise<A>,
  wanted: readonly number[],
): Promise<A> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const given = await ask().catch(() => undefined);
    if (given && wanted.includes(given.status)) return given;
    if ((given && given.status !== 503) || Date.now() > deadline)
      throw new Error(`Answered ${given?.status} instead of ${wanted}: ${JSON.stringify(given?.body)}`);
    await delay(250);
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
