import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type Cluster,
  loadCluster,
  planCluster,
  SERVICES,
  saveCluster,
} from "../../../scripts/cluster/cluster.ts";
import { addressesOf, partsOf, withoutSettings } from "../../../scripts/cluster/layout.ts";
import { natsConfig } from "../../../scripts/cluster/nats-config.ts";
import { pickFreePort } from "../../../scripts/cluster/ports.ts";
import { readSettings } from "../../../settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plan-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function plan(environment: Record<string, string> = {}, last?: Cluster): Promise<Cluster> {
  const settings = readSettings({ DATA_DIR: folder, ...environment });
  return await planCluster(settings, { last, natsProgram: "/usr/sbin/nats-server" });
}

describe("the plan of a cluster", () => {
  test("has different ports below those that the system gives to clients", async () => {
    const { ports } = await plan();
    const numbers = Object.values(ports);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const port of numbers) expect(port).toBeLessThan(32_768);
  });

  test("keeps ports, credentials and counts of last time", async () => {
    const first = await plan();
    const last = { ...first, nodes: { ...first.nodes, orders: 3 }, adminGreeted: true };
    expect(await plan({}, last)).toEqual(last);
  });

  test("takes a new port for one that was taken meanwhile", async () => {
    const last = await plan();
    const other = createServer().listen(last.ports.smtp, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const next = await plan({}, last);
    expect(next.ports.smtp).not.toBe(last.ports.smtp);
    expect(next.ports.nats).toBe(last.ports.nats);
    await new Promise((resolve) => other.close(resolve));
  });

  test("takes a new port for one that the gateway wants now", async () => {
    const last = await plan();
    const next = await plan({ PORT: String(last.ports.nats) }, last);
    expect(next.ports.nats).not.toBe(last.ports.nats);
  });

  test("survives being saved, the admin's password apart", async () => {
    const cluster = await plan({ ADMIN_PASSWORD: "a password", HOLD_SECONDS: "60", PORT: "4100" });
    saveCluster(cluster);
    const { ADMIN_PASSWORD: _, ...settings } = cluster.settings;
    expect(loadCluster(folder)).toEqual({ ...cluster, settings });
  });

  test("of a folder without a cluster is not there", () => {
    expect(loadCluster(folder)).toBeUndefined();
  });
});

describe("the parts of a cluster", () => {
  const namesOf = (cluster: Cluster) => partsOf(cluster).map(({ name }) => name);

  test("are a server, two sandboxes and a node for each service", async () => {
    expect(namesOf(await plan())).toEqual([
      "nats-server",
      "payment-provider",
      "mail-sink",
      ...SERVICES.map((service) => `${service}-1`),
    ]);
  });

  test("lack what a setting replaces", async () => {
    const cluster = await plan({
      NATS_URL: "nats://nats:4222",
      SMTP_URL: "smtp://mail:25",
      PAYMENT_URL: "http://pay",
    });
    expect(namesOf(cluster)).toEqual(SERVICES.map((service) => `${service}-1`));
    expect(addressesOf(cluster)).toMatchObject({ nats: "nats://nats:4222", smtp: "smtp://mail:25" });
  });

  test("get the addresses of each other, and no admin's password", async () => {
    const cluster = await plan({ ADMIN_PASSWORD: "a password" });
    const orders = partsOf(cluster).find(({ name }) => name === "orders-1");
    expect(orders?.environment).toMatchObject({
      DATA_DIR: folder,
      NATS_URL: `nats://orders:${cluster.natsPassword}@127.0.0.1:${cluster.ports.nats}`,
      PAYMENT_URL: `http://127.0.0.1:${cluster.ports.payment}`,
      SMTP_URL: `smtp://127.0.0.1:${cluster.ports.smtp}`,
    });
    expect(JSON.stringify(partsOf(cluster))).not.toContain("a password");
  });

  test("show no secret on their command lines", async () => {
    const cluster = await plan();
    const lines = partsOf(cluster).flatMap(({ command, args }) => [command, ...args]);
    expect(lines.join(" ")).not.toContain(cluster.natsPassword);
  });

  test("get no setting from the environment of whoever starts them", () => {
    expect(withoutSettings({ PATH: "/bin", PORT: "1", ADMIN_PASSWORD: "secret" })).toEqual({ PATH: "/bin" });
  });
});

describe("the configuration of nats-server", () => {
  const options = { port: 4222, password: 'a"b', storeFolder: "/a folder/nats" };

  test("listens on loopback, with a password, and keeps its streams in the cluster's folder", () => {
    const config = natsConfig(options, "2.9.10");
    expect(config).toContain('listen: "127.0.0.1:4222"');
    expect(config).toContain('password: "a\\"b"');
    expect(config).toContain('store_dir: "/a folder/nats"');
  });

  test.each([
    ["2.9.10", false],
    ["2.10.0", true],
    ["2.12.7", true],
  ])("of version %s writes each message through to the disk: %s", (version, always) => {
    expect(natsConfig(options, version).includes("sync_interval: always")).toBe(always);
  });
});

test("a port that is picked is none of those that are taken already", async () => {
  const taken = new Set([await pickFreePort(), await pickFreePort()]);
  expect(taken).not.toContain(await pickFreePort(taken));
});
