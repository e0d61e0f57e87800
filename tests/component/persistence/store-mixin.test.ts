import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { type ConnectedStore, collection, insert } from "../../../mixins/persistence/store.ts";
import { storeMixin } from "../../../mixins/persistence/store-mixin.ts";
import { temporaryFolder } from "./temp-folder.ts";

type Order = { readonly id: string; readonly status: string; readonly placedAt: number };
const orders = collection<Order>({
  name: "orders",
  key: "id",
  fields: { status: "text", placedAt: "number" },
});
const order = (id: string, placedAt: number, status = "placed"): Order => ({ id, status, placedAt });

/** moleculer-db's helpers and adapter, as a service has them. */
type WithDatabase = Service & {
  getById(id: string | string[]): Promise<unknown>;
  _find(ctx: undefined, params: object): Promise<Order[]>;
  _get(ctx: undefined, params: object): Promise<Order>;
  _count(ctx: undefined, params: object): Promise<number>;
  _list(ctx: undefined, params: object): Promise<{ rows: Order[]; total: number }>;
  _insert(ctx: undefined, params: object): Promise<unknown>;
  _remove(ctx: undefined, params: object): Promise<unknown>;
  adapter: { findOne(query: object): Promise<Order | null> };
};

describe("A service with the store mixin", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: ConnectedStore;
  let broker: ServiceBroker;

  beforeEach(() => {
    folder = temporaryFolder();
    store = createSqliteStore({
      file: join(folder.path, "data", "orders.sqlite"),
      collections: [orders],
    });
    broker = new ServiceBroker({ logger: false });
  });
  afterEach(async () => {
    await broker.stop();
    folder.remove();
  });

  async function start(schema: Partial<ServiceSchema> = {}): Promise<WithDatabase> {
    const service = broker.createService({ name: "orders", mixins: [storeMixin(store)], ...schema });
    await broker.start();
    return service as WithDatabase;
  }

  test("has its store connected while it runs", async () => {
    await start();
    await store.commit([insert(orders, order("a", 1))]);
    expect(store.isHealthy()).toBe(true);
    await broker.stop();
    expect(store.isHealthy()).toBe(false);
  });

  test("offers no action of moleculer-db, only its own", async () => {
    await start({ actions: { list: () => "its own" } });
    const actions = broker.registry.getActionList({ skipInternal: true }) as { name: string }[];
    expect(actions.map(({ name }) => name)).toEqual(["orders.list"]);
    expect(await broker.call("orders.list")).toBe("its own");
  });

  test("reads its main collection through moleculer-db", async () => {
    const service = await start();
    const [a, b, c] = [order("a", 1), order("b", 2, "paid"), order("c", 3)];
    await store.commit([a, b, c].map((each) => insert(orders, each as Order)));
    expect(await service._find(undefined, { query: { status: "placed" }, sort: "-placedAt" })).toEqual([
      c,
      a,
    ]);
    expect(await service._find(undefined, { sort: ["placedAt"], limit: 1, offset: 1 })).toEqual([b]);
    expect(await service._count(undefined, { query: { placedAt: { gt: 1 } } })).toBe(2);
    expect(await service._get(undefined, { id: "b" })).toEqual(b);
    expect(await service.getById(["a", "nobody", "c"])).toEqual([a, c]);
    expect(await service.adapter.findOne({ status: "paid" })).toEqual(b);
    expect(await service._list(undefined, { page: 1, pageSize: 2, sort: "placedAt" })).toMatchObject({
      rows: [a, b],
      total: 3,
    });
    await expect(service._get(undefined, { id: "nobody" })).rejects.toMatchObject({ code: 404 });
  });

  test("refuses writes through moleculer-db", async () => {
    const service = await start();
    await store.commit([insert(orders, order("a", 1))]);
    await expect(service._insert(undefined, { entity: order("b", 2) })).rejects.toThrow("commit(batch)");
    await expect(service._remove(undefined, { id: "a" })).rejects.toThrow("commit(batch)");
    expect(await store.find(orders)).toEqual([order("a", 1)]);
  });

  test("starts once its store can be opened", async () => {
    const obstacle = join(folder.path, "data");
    writeFileSync(obstacle, "a file where the folder should be");
    const starting = start();
    setTimeout(() => rmSync(obstacle), 100);
    await starting;
    expect(store.isHealthy()).toBe(true);
  });

  test("opens its store before all else, and closes it after all else", async () => {
    const seen: string[] = [];
    const part = (name: string): Partial<ServiceSchema> => ({
      async started() {
        await store.count(orders);
        seen.push(`${name} starts`);
      },
      async stopped() {
        await store.commit([insert(orders, order(name, 1))]);
        seen.push(`${name} stops`);
      },
    });
    await start({ mixins: [part("first"), part("second"), storeMixin(store)], ...part("service") });
    await broker.stop();
    expect(seen).toEqual([
      "second starts",
      "first starts",
      "service starts",
      "service stops",
      "first stops",
      "second stops",
    ]);
  });
});
