import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { BadCursor, readPage } from "../../../mixins/persistence/page.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { type ConnectedStore, collection, insert } from "../../../mixins/persistence/store.ts";
import { temporaryFolder } from "./temp-folder.ts";

type Row = { readonly id: string; readonly at: number; readonly owner: string };
const rows = collection<Row>({
  name: "rows",
  key: "id",
  fields: { at: "number", owner: "text" },
  indexes: [["owner", "at"], ["at"]],
});

describe("A page", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: ConnectedStore;
  beforeEach(async () => {
    folder = temporaryFolder();
    const file = join(folder.path, "store.sqlite");
    store = createSqliteStore({ file, collections: [rows] });
    await store.connect();
  });
  afterEach(async () => {
    await store.disconnect();
    folder.remove();
  });

  const add = (...added: Row[]) => store.commit(added.map((row) => insert(rows, row)));
  const row = (id: string, at: number, owner = "me"): Row => ({ id, at, owner });
  const idsOf = ({ items }: { items: Row[] }) => items.map(({ id }) => id);

  test("has the newest first, and says where the next one starts", async () => {
    await add(row("a", 1), row("b", 2), row("c", 3));
    const first = await readPage(store, rows, { by: "at", limit: 2 });
    expect(idsOf(first)).toEqual(["c", "b"]);
    const second = await readPage(store, rows, { by: "at", limit: 2, cursor: first.nextCursor });
    expect(idsOf(second)).toEqual(["a"]);
    expect(second.nextCursor).toBeNull();
  });

  test("is the last one when it holds exactly what is left", async () => {
    await add(row("a", 1), row("b", 2));
    expect((await readPage(store, rows, { by: "at", limit: 2 })).nextCursor).toBeNull();
  });

  test("does not move when something is added in front of it", async () => {
    await add(row("a", 1), row("b", 2), row("c", 3));
    const { nextCursor } = await readPage(store, rows, { by: "at", limit: 1 });
    await add(row("d", 4));
    expect(idsOf(await readPage(store, rows, { by: "at", limit: 5, cursor: nextCursor }))).toEqual([
      "b",
      "a",
    ]);
  });

  test("holds only what the filter finds, whatever cursor is sent", async () => {
    await add(row("a", 1), row("b", 2, "you"), row("c", 3), row("d", 4, "you"));
    const { nextCursor } = await readPage(store, rows, { where: { owner: "you" }, by: "at", limit: 1 });
    const mine = await readPage(store, rows, {
      where: { owner: "me" },
      by: "at",
      limit: 5,
      cursor: nextCursor,
    });
    expect(idsOf(mine)).toEqual(["c", "a"]);
  });

  test.each(["at", "id"])("follows page by page through all rows by %s, each once", async (by) => {
    const seen = new Map<string, Row>();
    const spec = fc.record({ at: fc.integer({ min: 1, max: 4 }), limit: fc.integer({ min: 1, max: 4 }) });
    await fc.assert(
      fc.asyncProperty(spec, async ({ at, limit }) => {
        const added = row(`id-${seen.size}`, at);
        seen.set(added.id, added);
        await add(added);
        const paged: Row[] = [];
        let cursor: string | null = null;
        do {
          const page: { items: Row[]; nextCursor: string | null } = await readPage(store, rows, {
            by,
            limit,
            cursor,
          });
          paged.push(...page.items);
          cursor = page.nextCursor;
        } while (cursor && paged.length <= seen.size);
        const newestFirst = await store.find(rows, { orderBy: [{ field: by, direction: "desc" }] });
        expect(paged).toEqual(newestFirst);
        expect(paged).toHaveLength(seen.size);
      }),
      { numRuns: 20 },
    );
  });

  test("has the oldest first when asked so, within bounds", async () => {
    await add(row("a", 1), row("b", 2), row("c", 2), row("d", 3), row("e", 4));
    const query = { by: "at", direction: "asc", within: { gte: 2, lte: 3 }, limit: 2 } as const;
    const first = await readPage(store, rows, query);
    expect(idsOf(first)).toEqual(["b", "c"]);
    const second = await readPage(store, rows, { ...query, cursor: first.nextCursor });
    expect(idsOf(second)).toEqual(["d"]);
    expect(second.nextCursor).toBeNull();
  });

  test("goes on within rows of one time, oldest first too", async () => {
    await add(row("a", 1), row("b", 1), row("c", 1), row("d", 2));
    const query = { by: "at", direction: "asc", limit: 2 } as const;
    const first = await readPage(store, rows, query);
    expect(idsOf(await readPage(store, rows, { ...query, cursor: first.nextCursor }))).toEqual(["c", "d"]);
  });

  test.each([
    ["empty", ""],
    ["no base64url", "%%%"],
    ["no JSON", Buffer.from("hello").toString("base64url")],
    ["of another shape", Buffer.from('{"at":1}').toString("base64url")],
    ["of another field's type", Buffer.from('["1","a"]').toString("base64url")],
    ["hostile", Buffer.from('[{"$gt":0},"a"]').toString("base64url")],
  ])("refuses a cursor that is %s", async (_what, cursor) => {
    const reading = readPage(store, rows, { by: "at", limit: 2, cursor });
    await expect(reading).rejects.toThrow(BadCursor);
    await expect(reading).rejects.toMatchObject({ code: "BAD_CURSOR" });
  });
});
