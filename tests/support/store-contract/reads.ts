import { beforeEach, describe, expect, test } from "@jest/globals";
import { insert, type Query } from "../../../mixins/persistence/store.ts";
import { type ConnectedStores, order, orders } from "./fixture.ts";

/** What reads find, and what they refuse. */
export function describeReads(on: ConnectedStores): void {
  describe("reads", () => {
    const rows = [
      order("a", { customerId: "c1", status: "placed", placedAt: 30 }),
      order("b", { customerId: "c1", status: "paid", placedAt: 10 }),
      order("c", { customerId: "c2", status: "placed", placedAt: 20 }),
      order("d", { customerId: "c2", status: "placed", placedAt: 30 }),
    ];
    const idsOf = async (query: Query) => (await on.store.find(orders, query)).map(({ id }) => id);
    beforeEach(() => on.store.commit(rows.map((row) => insert(orders, row))));

    test.each<[string, Query, string[]]>([
      ["one equal field", { where: { customerId: "c1" } }, ["a", "b"]],
      ["several equal fields", { where: { customerId: "c2", placedAt: 30 } }, ["d"]],
      ["the key", { where: { id: "c" } }, ["c"]],
      ["a range", { where: { placedAt: { gte: 20, lt: 30 } } }, ["c"]],
      ["an open range", { where: { placedAt: { gt: 10 } } }, ["a", "c", "d"]],
      ["a range of texts", { where: { id: { gt: "a", lte: "c" } } }, ["b", "c"]],
      ["nothing", { where: { status: "shipped" } }, []],
      ["everything", {}, ["a", "b", "c", "d"]],
    ])("find by %s", async (_what, query, expected) => {
      expect((await idsOf(query)).sort()).toEqual(expected);
      expect(await on.store.count(orders, query)).toBe(expected.length);
    });

    test("order by fields; ties by the key, in the first field's direction", async () => {
      const by = (direction: "asc" | "desc") => ({ field: "placedAt", direction }) as const;
      expect(await idsOf({ orderBy: [by("asc")] })).toEqual(["b", "c", "a", "d"]);
      expect(await idsOf({ orderBy: [by("desc")] })).toEqual(["d", "a", "c", "b"]);
      const status = { field: "status", direction: "asc" } as const;
      expect(await idsOf({ orderBy: [status, by("desc")] })).toEqual(["b", "a", "d", "c"]);
      expect(await idsOf({ orderBy: [{ field: "id", direction: "desc" }] })).toEqual(["d", "c", "b", "a"]);
    });

    test("answer as many as the limit allows", async () => {
      const orderBy = [{ field: "id", direction: "asc" }] as const;
      expect(await idsOf({ orderBy, limit: 2 })).toEqual(["a", "b"]);
      expect(await idsOf({ orderBy, limit: 0 })).toEqual([]);
    });

    test("take hostile values for values", async () => {
      for (const value of ["' OR 1=1 --", '{"$gt":""}', '"', "%", "c1' ; DROP TABLE orders"])
        expect(await idsOf({ where: { customerId: value } })).toEqual([]);
      expect(await on.store.get(orders, "a' OR 'a'='a")).toBeUndefined();
      expect(await idsOf({})).toHaveLength(4);
    });

    test.each<[string, Query]>([
      ["an undeclared field", { where: { note: "x" } }],
      ["a field of the prototype", { where: { constructor: "x" } }],
      ["a hostile field", { where: { "id' OR '1": "x" } }],
      ["an order by an undeclared field", { orderBy: [{ field: "note", direction: "asc" }] }],
      ["an undefined value, which would match everybody's", { where: { customerId: undefined as never } }],
      ["a range without bounds", { where: { placedAt: {} } }],
      ["an object instead of a value", { where: { customerId: { $gt: "" } as never } }],
      ["a value of another type", { where: { customerId: 5 } }],
      ["a negative limit", { limit: -1 }],
    ])("refuse %s", async (_what, query) => {
      await expect(on.store.find(orders, query)).rejects.toThrow(TypeError);
    });
  });
}
