import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { planFind } from "../../../mixins/persistence/sqlite-reads.ts";
import { openDatabase, schemaSql } from "../../../mixins/persistence/sqlite-schema.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { commitGroup, planWrite } from "../../../mixins/persistence/sqlite-writes.ts";
import { collection, insert } from "../../../mixins/persistence/store.ts";
import { collections, entries } from "./shared-collections.ts";
import { temporaryFolder } from "./temp-folder.ts";

const entry = (id: string, batch = "test") => insert(entries, { id, batch });
/** The least that a transaction adds to the write-ahead log: a page and its header. */
const LOG_FRAME_BYTES = 4_096 + 24;

describe("SQLite's file", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  beforeEach(() => {
    folder = temporaryFolder();
    file = join(folder.path, "store.sqlite");
  });
  afterEach(() => folder.remove());

  test("is synced once for many batches that are committed at the same time", async () => {
    const store = createSqliteStore({ file, collections });
    await store.connect();
    const before = statSync(`${file}-wal`).size;
    await Promise.all(Array.from({ length: 100 }, (_, index) => store.commit([entry(`${index}`)])));
    expect(statSync(`${file}-wal`).size - before).toBeLessThan(50 * LOG_FRAME_BYTES);
    await store.disconnect();
  });

  test("is whole, without a log beside it, after the last process has disconnected", async () => {
    const store = createSqliteStore({ file, collections });
    await store.connect();
    await store.commit([entry("a")]);
    await store.disconnect();
    expect(statSync(`${file}-wal`, { throwIfNoEntry: false })).toBeUndefined();
  });

  test("holds nothing of a group whose transaction runs out of space", () => {
    const database = openDatabase(file, collections.flatMap(schemaSql));
    const prepare = (sql: string) => database.prepare(sql);
    const pages = (database.prepare("PRAGMA page_count").get() as { page_count: number }).page_count;
    database.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const group = [entry("small"), entry("large", "x".repeat(50_000)), entry("late")];
    expect(() =>
      commitGroup(
        { database, prepare },
        group.map((write) => [planWrite(write)]),
      ),
    ).toThrow("full");
    expect(database.isTransaction).toBe(false);
    expect(database.prepare("SELECT count(*) AS count FROM entries").get()).toEqual({ count: 0 });
    database.close();
  });

  test("gets the fields and indexes that a later version declares", async () => {
    type Order = { readonly id: string; readonly status: string; readonly number: number };
    const first = collection<Order>({ name: "orders", key: "id" });
    const later = collection<Order>({
      name: "orders",
      key: "id",
      fields: { status: "text", number: "number" },
      indexes: [["status", "number"]],
      unique: [["number"]],
    });
    const old = createSqliteStore({ file, collections: [first] });
    await old.connect();
    await old.commit([insert(first, { id: "a", status: "placed", number: 1 })]);

    const migrated = createSqliteStore({ file, collections: [later] });
    await migrated.connect();
    expect(await migrated.find(later, { where: { status: "placed" } })).toHaveLength(1);
    const taken = migrated.commit([insert(later, { id: "b", status: "placed", number: 1 })]);
    await expect(taken).rejects.toThrow("exists");
    // The old version goes on beside it.
    await old.commit([insert(first, { id: "c", status: "placed", number: 2 })]);
    await Promise.all([old.disconnect(), migrated.disconnect()]);
  });

  test("answers declared reads, their order too, out of an index", () => {
    const orders = collection({
      name: "orders",
      key: "id",
      fields: { customerId: "text", placedAt: "number", number: "number" },
      indexes: [["customerId", "placedAt"]],
      unique: [["number"]],
    });
    const database = openDatabase(file, schemaSql(orders));
    const planOf = (query: Parameters<typeof planFind>[1]) => {
      const { sql, params } = planFind(orders, query);
      return database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...params)
        .map(({ detail }) => detail)
        .join("; ");
    };
    const orderBy = [{ field: "placedAt", direction: "desc" }] as const;
    const page = { customerId: "c", placedAt: { lt: 5 } };
    expect(planOf({ where: page, orderBy, limit: 20 })).toMatch(
      /^SEARCH \w+ USING INDEX index orders\(customerId, placedAt\)[^;]*$/,
    );
    expect(planOf({ where: { number: 1 } })).toMatch(/^SEARCH \w+ USING INDEX unique orders\(number\)[^;]*$/);
    database.close();
  });

  test("takes no name that could end in SQL", () => {
    const hostile = (definition: object) => [collection({ name: "orders", key: "id", ...definition })];
    for (const definition of [
      { name: 'orders"; DROP TABLE stock' },
      { indexes: [["a')); --"]] },
      { unique: [["$.a"]] },
      { fields: { "a'b": "text" } },
    ])
      expect(() => createSqliteStore({ file, collections: hostile(definition) })).toThrow(TypeError);
    expect(() => new DatabaseSync(file, { readOnly: true })).toThrow("unable to open");
  });
});
