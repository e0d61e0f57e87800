import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { SERVICES } from "../../scripts/cluster/cluster.ts";
import { identify } from "../../scripts/cluster/processes.ts";
import { emptyCluster, type TestCluster, until } from "../support/cluster.ts";
import { commandLineOf, listeningOf } from "../support/process-table.ts";

const PARTS = [
  "mail-sink",
  "nats-server",
  "payment-provider",
  "supervisor",
  ...SERVICES.map((service) => `${service}-1`),
].sort();
const LONG = 120_000;

describe("a cluster that was started by make up", () => {
  let cluster: TestCluster;
  let firstOutput: string;
  const savedCluster = () => JSON.parse(readFileSync(join(cluster.dataDir, "run/cluster.json"), "utf8"));
  const partsThatRun = () => [...cluster.pids().keys()].sort();

  beforeAll(async () => {
    cluster = await emptyCluster({ env: { ADMIN_PASSWORD: undefined } });
    const { code, output } = await cluster.run("up");
    firstOutput = output;
    expect({ code, output }).toMatchObject({ code: 0 });
  }, LONG);
  afterAll(() => cluster.stop(), LONG);

  test("runs every part as a process of its own", () => {
    expect(partsThatRun()).toEqual(PARTS);
    expect(new Set(cluster.pids().values()).size).toBe(PARTS.length);
  });

  test("names each part on its command line, and no secret", () => {
    const lines = Object.fromEntries([...cluster.pids()].map(([part, pid]) => [part, commandLineOf(pid)]));
    expect(lines).toMatchObject({
      supervisor: expect.stringContaining("scripts/up"),
      "nats-server": expect.stringContaining("nats-server"),
      "mail-sink": expect.stringContaining("sandbox/mail-sink"),
      "payment-provider": expect.stringContaining("sandbox/payment-provider"),
      "orders-1": expect.stringContaining("services/orders"),
      "api-gateway-1": expect.stringContaining("services/api-gateway"),
    });
    const { natsPassword } = savedCluster();
    expect(Object.values(lines).join()).not.toContain(natsPassword);
  });

  test("says where everything is, and the made-up admin's password once", async () => {
    expect(firstOutput).toContain(cluster.url);
    expect(firstOutput).toContain(join(cluster.dataDir, "logs"));
    const password = /password (\S+)/.exec(firstOutput)?.[1] ?? "";
    const login = { email: "admin@example.com", password };
    expect(await cluster.shop.post("/v1/auth/login", login)).toMatchObject({ status: 200 });
    expect(existsSync(join(cluster.dataDir, "run/admin-password"))).toBe(false);
  });

  test("has the demo catalogue", async () => {
    const { body } = await cluster.shop.get<{ items: object[] }>("/v1/products?limit=100");
    expect(body.items).toContainEqual(expect.objectContaining({ sku: "TEA-100" }));
  });

  test("keeps what holds secrets from other users", () => {
    const run = join(cluster.dataDir, "run");
    expect(statSync(run).mode & 0o777).toBe(0o700);
    for (const name of ["cluster.json", "nats.conf"])
      expect(statSync(join(run, name)).mode & 0o777).toBe(0o600);
  });

  test("listens on loopback only, the gateway's port apart", () => {
    const listening = [...cluster.pids().values()].flatMap(listeningOf);
    expect(listening).toContainEqual({ isLoopback: true, port: savedCluster().ports.nats });
    expect(listening.filter(({ isLoopback, port }) => !isLoopback && port !== cluster.port)).toEqual([]);
  });

  test("is left as it is by a second make up, which tells no password any more", async () => {
    const before = cluster.pids();
    const { code, output } = await cluster.run("up");
    expect({ code, output }).toMatchObject({ code: 0, output: expect.not.stringContaining("password") });
    expect(cluster.pids()).toEqual(before);
  });

  test("is healthy by make status", async () => {
    const { code, output } = await cluster.run("status");
    expect({ code, output }).toMatchObject({ code: 0 });
    for (const part of PARTS) expect(output).toMatch(new RegExp(`^${part} +\\d+ +ready`, "m"));
  });

  test("keeps another cluster off its port, with a sentence that names the choice", async () => {
    const other = await emptyCluster({ env: { PORT: String(cluster.port) } });
    const { code, output } = await other.run("up");
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toContain(`Port ${cluster.port} is taken by another program`);
    expect(output).toContain(`PORT=${cluster.port + 1} make up`);
    expect(other.pids().size).toBe(0);
    await other.stop();
  });

  test(
    "starts a killed process again",
    async () => {
      const former = cluster.kill("orders-1");
      await cluster.untilRestarted("orders-1", former);
      await cluster.untilHealthy();
      expect((await cluster.run("status")).output).toMatch(/^orders-1 .* 1 +\d+ MB$/m);
    },
    LONG,
  );

  test(
    "outlives its supervisor, and is taken over by the next make up",
    async () => {
      cluster.kill("supervisor");
      await until("the supervisor is gone", () => !cluster.pids().has("supervisor"));
      const orphans = cluster.pids();
      expect((await cluster.run("status")).code).toBe(1);
      const worker = cluster.kill("worker-1");

      expect(await cluster.run("up")).toMatchObject({ code: 0 });

      const { supervisor: _, "worker-1": newWorker, ...others } = Object.fromEntries(cluster.pids());
      orphans.delete("worker-1");
      expect(others).toEqual(Object.fromEntries(orphans));
      expect(newWorker).not.toBe(worker);
      const former = cluster.kill("accounts-1");
      await cluster.untilRestarted("accounts-1", former);
      await cluster.untilHealthy();
    },
    LONG,
  );

  test(
    "shows in make logs what a request did, on each node that it touched",
    async () => {
      const shop = await cluster.customer();
      const order = { items: [{ sku: "TEA-100", quantity: 1 }] };
      const { status, headers } = await shop.post("/v1/orders", order);
      expect(status).toBe(201);
      const REQUEST = headers.get("x-request-id") ?? "";
      const logs = async () => (await cluster.run("logs", { env: { REQUEST, FOLLOW: "no" } })).output;
      const nodes = ["api-gateway-1", "orders-1", "inventory-1", "worker-1", "notifications-1"];
      await until("each node has logged the request", async () => {
        const output = await logs();
        return nodes.every((node) => output.includes(node)) ? true : output;
      });
      for (const line of (await logs()).trim().split("\n")) expect(line).toContain(REQUEST);
    },
    LONG,
  );

  test(
    "takes an operator's commands through a pipe",
    async () => {
      const { code, output } = await cluster.run("repl", { input: "nodes\nservices\n" });
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toMatch(/orders-1/);
      expect(output).toMatch(/inventory/);
    },
    LONG,
  );

  test(
    "carries the demo's orders",
    async () => {
      expect(await cluster.run("demo")).toMatchObject({ code: 0 });
    },
    LONG,
  );

  test(
    "is stopped by make down, and finds its data and ports again",
    async () => {
      const before = savedCluster();
      const pids = cluster.pids();
      const down = await cluster.run("down");
      expect(down).toMatchObject({ code: 0 });
      for (const [part, pid] of pids) {
        expect(down.output).toContain(part);
        expect(identify(pid)).toBeUndefined();
      }
      expect(await cluster.run("down")).toMatchObject({
        code: 0,
        output: expect.stringContaining("Nothing"),
      });

      expect(await cluster.run("up")).toMatchObject({
        code: 0,
        output: expect.not.stringContaining("password"),
      });
      expect(savedCluster()).toEqual(before);
      const { body } = await cluster.shop.get<{ items: object[] }>("/v1/products?limit=100");
      expect(body.items.length).toBeGreaterThan(0);
    },
    LONG,
  );
});

describe("a cluster that cannot be started", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await emptyCluster();
  });
  afterAll(() => cluster.stop(), LONG);

  test.each([
    [{ PORT: "0" }, "PORT"],
    [{ PORT: "http" }, "PORT"],
    [{ HOLD_SECONDS: "-1" }, "HOLD_SECONDS"],
    [{ NATS_URL: "localhost" }, "NATS_URL"],
    [{ ADMIN_PASSWORD: "short" }, "ADMIN_PASSWORD"],
    [{ LOG_LEVEL: "loud" }, "LOG_LEVEL"],
    [{ REDIS_URL: "redis://127.0.0.1" }, "REDIS_URL"],
    [{ MONGO_URL: "mongodb://127.0.0.1" }, "MONGO_URL"],
  ])("stops with one sentence that names the setting: %j", async (env, name) => {
    const { code, output } = await cluster.run("up", { env });
    expect(code).toBe(1);
    expect(output.trim().split("\n")).toHaveLength(1);
    expect(output).toContain(name);
    expect(cluster.pids().size).toBe(0);
  });

  test("says so when nobody answers at NATS_URL", async () => {
    const { code, output } = await cluster.run("up", { env: { NATS_URL: "nats://me:secret@127.0.0.1:1" } });
    expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining("NATS_URL") });
    expect(output).not.toContain("secret");
    expect(cluster.pids().size).toBe(0);
  });

  test("is not there for status, repl and demo", async () => {
    for (const command of ["status", "repl", "demo"])
      expect(await cluster.run(command)).toMatchObject({
        code: 1,
        output: expect.stringContaining("make up"),
      });
  });

  test(
    "tells the last lines of the part that does not start, and stops all that was started",
    async () => {
      const mails = join(cluster.dataDir, "mail");
      writeFileSync(mails, "no folder");
      const { code, output } = await cluster.run("up");
      expect({ code, output }).toMatchObject({
        code: 1,
        output: expect.stringContaining("mail-sink does not start"),
      });
      expect(output).toContain("EEXIST");
      expect(cluster.pids().size).toBe(0);
      rmSync(mails);
    },
    LONG,
  );
});

test(
  "a start that is interrupted leaves nothing behind, and the next one tells the made-up password",
  async () => {
    const cluster = await emptyCluster({ env: { ADMIN_PASSWORD: "" } });
    const { code, output } = await cluster.run("up", { interruptAt: /nats-server +ready/ });
    expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining("Interrupted") });
    expect(cluster.pids().size).toBe(0);
    const password = expect.stringMatching(/password \S/);
    expect(await cluster.run("up")).toMatchObject({ code: 0, output: password });
    await cluster.stop();
  },
  LONG,
);

test(
  "two starts at the same time make one cluster, and one of them tells the made-up password",
  async () => {
    const cluster = await emptyCluster({ env: { ADMIN_PASSWORD: "" } });
    const starts = await Promise.all([cluster.run("up"), cluster.run("up")]);
    expect(starts.map(({ code }) => code)).toEqual([0, 0]);
    expect(starts.filter(({ output }) => /password \S/.test(output))).toHaveLength(1);
    expect([...cluster.pids().keys()].sort()).toEqual(PARTS);
    await cluster.stop();
  },
  LONG,
);
