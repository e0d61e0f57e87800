import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { type Collection, type ConnectedStore, insert } from "../../../mixins/persistence/store.ts";
import { storeMixin } from "../../../mixins/persistence/store-mixin.ts";
import { brokerOptions } from "../../../moleculer.config.ts";
import { createApiGatewayService } from "../../../services/api-gateway/api-gateway.service.ts";
import { readSettings } from "../../../settings.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

const things: Collection<{ id: string }> = { name: "things", key: "id", fields: {}, indexes: [], unique: [] };

let nats: TestNatsServer;
let folder: string;
let base: string;
let brokers: ServiceBroker[];
let stores: ConnectedStore[];
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "readiness-"));
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  stores = ["one", "two"].map((name) =>
    createSqliteStore({ file: join(folder, `${name}.sqlite`), collections: [things] }),
  );
  brokers = [
    node("api-gateway-1", createApiGatewayService({ port, host: "127.0.0.1", drainMs: 0 })),
    node("others-1", { name: "accounts" }, { name: "inventory" }),
    ...stores.map((store, index) =>
      node(`orders-${index + 1}`, { name: "orders", mixins: [storeMixin(store)] } as ServiceSchema),
    ),
  ];
  await Promise.all(brokers.map((broker) => broker.start()));
  await ready();
});
afterEach(async () => {
  await Promise.all(brokers.map((broker) => broker.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function node(id: string, ...services: ServiceSchema[]): ServiceBroker {
  const options = brokerOptions(readSettings({ NATS_URL: nats.url }), id);
  const broker = new ServiceBroker({ ...options, logger: false });
  for (const service of services) broker.createService(service);
  return broker;
}

const isReady = async () => (await fetch(`${base}/readyz`)).status === 200;
const ready = () => eventually(isReady, { timeoutMs: 10_000 });
const notReady = () => eventually(async () => !(await isReady()), { timeoutMs: 3_000 });
const takeAway = (name: string) => renameSync(join(folder, `${name}.sqlite`), join(folder, `${name}.away`));
const bringBack = (name: string) => renameSync(join(folder, `${name}.away`), join(folder, `${name}.sqlite`));
/** Resolves when all nodes have looked at their stores. */
const unhealthyNodes = (count: number) =>
  eventually(
    () =>
      brokers.filter(({ metadata }) => (metadata.unhealthy as string[] | undefined)?.length).length === count,
    { timeoutMs: 3_000 },
  );

describe("the gateway", () => {
  test("is not ready 3 s after the last store of a needed service was lost, and ready 10 s after its return", async () => {
    takeAway("one");
    takeAway("two");
    await notReady();
    expect(await (await fetch(`${base}/readyz`)).json()).toMatchObject({ status: 503, missing: ["orders"] });
    bringBack("two");
    await ready();
  });

  test("is ready as long as one node of each needed service has its store", async () => {
    takeAway("one");
    await unhealthyNodes(1);
    expect(await isReady()).toBe(true);
  });

  test("is not ready 3 s after another process has begun to sit on the stores, and ready 10 s after its end", async () => {
    const sitters = ["one", "two"].map((name) => new DatabaseSync(join(folder, `${name}.sqlite`)));
    for (const sitter of sitters) sitter.exec("BEGIN IMMEDIATE");
    const commits = stores.map((store) => store.commit([insert(things, { id: "thing" })]).catch(() => {}));
    await notReady();
    for (const sitter of sitters) sitter.close();
    await Promise.all(commits);
    await ready();
  });
});
