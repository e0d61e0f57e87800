/**
 * What every adapter of the store port must do. Written against the port alone: an adapter's test file calls
 * `describeStoreContract` with a way to open its store, and adds what only that adapter promises.
 */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  adjust,
  type Collection,
  CommitConflict,
  type ConnectedStore,
  collection,
  insert,
  type Query,
  remove,
  replace,
  StoreUnavailable,
  type Write,
} from "../../mixins/persistence/store.ts";
import { commitToModel, createModel } from "./store-model.ts";

/** A store over data of its own, not connected yet. */
export interface StoreUnderTest {
  readonly store: ConnectedStore;
  /** Another process's way to the same data, not connected yet. */
  another(): ConnectedStore;
  /** Removes the data; all stores are disconnected by then. */
  cleanUp(): Promise<void>;
}

type Order = {
  readonly id: string;
  readonly number?: number;
  readonly customerId?: string;
  readonly status?: string;
  readonly placedAt?: number;
  readonly note?: unknown;
  readonly version: number;
};
type Stock = { readonly sku: string; readonly onHand: number; readonly reserved?: number };

const orders = collection<Order>({
  name: "orders",
  key: "id",
  fields: { number: "number", customerId: "text", status: "text", placedAt: "number" },
  indexes: [["customerId", "placedAt"], ["status"]],
  unique: [["number"], ["customerId", "placedAt"]],
});
const stock = collection<Stock>({ name: "stock", key: "sku" });

const order = (id: string, more: Partial<Order> = {}): Order => ({ id, version: 1, ...more });

/** The conflict that a commit ends in; fails when it succeeds. */
async function conflictOf(commit: Promise<void>): Promise<CommitConflict> {
  const error = await commit.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CommitConflict);
  return error as CommitConflict;
}

export function describeStoreContract(
  name: string,
  openStore: (collections: readonly Collection[]) => Promise<StoreUnderTest>,
): void {
  describe(`The store port on ${name}`, () => {
    let under: StoreUnderTest;
    let store: ConnectedStore;
    let other: ConnectedStore;

    beforeEach(async () => {
      under = await openStore([orders, stock]);
      store = under.store;
      other = under.another();
      await store.connect();
      await other.connect();
    });
    afterEach(async () => {
      await Promise.all([store.disconnect(), other.disconnect()]);
      await under.cleanUp();
    });

    describe("insert", () => {
      test("keeps a document as it was given", async () => {
        const note = {
          text: "ünïcödé 🚚 'quoted' \"twice\" \u0000",
          list: [1.5, null, true],
          nested: { a: {} },
        };
        await store.commit([insert(orders, order("a", { note }))]);
        expect(await store.get(orders, "a")).toEqual({ id: "a", version: 1, note });
      });

      test("is not changed by what the caller does to the document afterwards", async () => {
        const mutable = { ...order("a", { status: "placed" }) };
        const commit = store.commit([insert(orders, mutable)]);
        mutable.status = "cancelled";
        await commit;
        expect(await store.get(orders, "a")).toEqual(order("a", { status: "placed" }));
      });

      test("conflicts when the key is taken, and leaves the first document", async () => {
        await store.commit([insert(orders, order("a", { status: "placed" }))]);
        const late = insert(orders, order("a"));
        expect(await conflictOf(other.commit([late]))).toMatchObject({ write: late, reason: "exists" });
        expect(await store.get(orders, "a")).toEqual(order("a", { status: "placed" }));
      });

      test("conflicts when a unique field list is taken", async () => {
        await store.commit([insert(orders, order("a", { number: 7, customerId: "c", placedAt: 1 }))]);
        const sameNumber = store.commit([insert(orders, order("b", { number: 7 }))]);
        expect((await conflictOf(sameNumber)).reason).toBe("exists");
        const samePair = store.commit([insert(orders, order("c", { customerId: "c", placedAt: 1 }))]);
        expect((await conflictOf(samePair)).reason).toBe("exists");
        await store.commit([insert(orders, order("d", { customerId: "c", placedAt: 2 }))]);
      });

      test("does not count documents without the unique field", async () => {
        await store.commit([insert(orders, order("a")), insert(orders, order("b"))]);
        await store.commit([insert(orders, order("c", { customerId: "c" }))]);
        await store.commit([insert(orders, order("d", { customerId: "c" }))]);
        expect(await store.count(orders)).toBe(4);
      });

      test("lets exactly one of many racing for a key win", async () => {
        const racing = Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : other).commit([insert(orders, order("a", { number: index }))]),
        );
        const outcomes = await Promise.allSettled(racing);
        expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      });
    });

    describe("replace", () => {
      test("replaces the version that was read", async () => {
        await store.commit([insert(orders, order("a"))]);
        await store.commit([replace(orders, order("a", { status: "paid", version: 2 }), { version: 1 })]);
        expect(await store.get(orders, "a")).toEqual(order("a", { status: "paid", version: 2 }));
      });

      test("conflicts when the document has changed since, or is missing", async () => {
        await store.commit([insert(orders, order("a", { version: 2 }))]);
        const stale = replace(orders, order("a", { version: 2 }), { version: 1 });
        expect(await conflictOf(store.commit([stale]))).toMatchObject({ write: stale, reason: "changed" });
        const missing = replace(orders, order("b", { version: 2 }), { version: 1 });
        expect(await conflictOf(store.commit([missing]))).toMatchObject({
          write: missing,
          reason: "changed",
        });
        expect(await store.get(orders, "b")).toBeUndefined();
      });

      test("conflicts when a unique field list is taken by another document", async () => {
        await store.commit([insert(orders, order("a", { number: 1 })), insert(orders, order("b"))]);
        const taking = store.commit([replace(orders, order("b", { number: 1, version: 2 }), { version: 1 })]);
        expect((await conflictOf(taking)).reason).toBe("exists");
      });

      test("lets exactly one of many that read the same version win", async () => {
        await store.commit([insert(orders, order("a"))]);
        const racing = Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : other).commit([
            replace(orders, order("a", { placedAt: index, version: 2 }), { version: 1 }),
          ]),
        );
        const outcomes = await Promise.allSettled(racing);
        expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      });
    });

    describe("adjust", () => {
      test("adds to several numbers, down to 0; a missing one counts as 0", async () => {
        await store.commit([insert(stock, { sku: "A", onHand: 5 })]);
        await store.commit([adjust(stock, "A", { onHand: -5, reserved: 3 })]);
        expect(await store.get(stock, "A")).toEqual({ sku: "A", onHand: 0, reserved: 3 });
      });

      test("conflicts when one sum would fall below 0, and changes none", async () => {
        await store.commit([insert(stock, { sku: "A", onHand: 5, reserved: 1 })]);
        const tooMuch = adjust(stock, "A", { onHand: 1, reserved: -2 });
        expect(await conflictOf(store.commit([tooMuch]))).toMatchObject({
          write: tooMuch,
          reason: "negative",
        });
        expect(await store.get(stock, "A")).toEqual({ sku: "A", onHand: 5, reserved: 1 });
      });

      test("conflicts when there is no such document", async () => {
        expect((await conflictOf(store.commit([adjust(stock, "A", { onHand: 1 })]))).reason).toBe("missing");
      });

      test("does not conflict with neighbours that adjust the same document", async () => {
        await store.commit([insert(stock, { sku: "A", onHand: 0 })]);
        const adjusting = Array.from({ length: 40 }, (_, index) =>
          (index % 2 ? store : other).commit([adjust(stock, "A", { onHand: 1 })]),
        );
        await Promise.all(adjusting);
        expect(await store.get(stock, "A")).toEqual({ sku: "A", onHand: 40 });
      });

      test("refuses what is no integer", async () => {
        await store.commit([insert(stock, { sku: "A", onHand: 5 })]);
        for (const delta of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])
          await expect(store.commit([adjust(stock, "A", { onHand: delta })])).rejects.toThrow(TypeError);
      });

      test("keeps a stock level at the sum of its accepted adjustments, never below 0", async () => {
        let round = 0;
        const deltas = fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 1, maxLength: 30 });
        await fc.assert(
          fc.asyncProperty(deltas, async (wanted) => {
            const sku = `S-${round++}`;
            await store.commit([insert(stock, { sku, onHand: 0 })]);
            const outcomes = await Promise.allSettled(
              wanted.map((by, index) =>
                (index % 2 ? store : other).commit([adjust(stock, sku, { onHand: by })]),
              ),
            );
            const accepted = wanted.filter((_, index) => outcomes[index]?.status === "fulfilled");
            const sum = accepted.reduce((total, by) => total + by, 0);
            expect(sum).toBeGreaterThanOrEqual(0);
            expect(await store.get(stock, sku)).toEqual({ sku, onHand: sum });
          }),
          { numRuns: 25 },
        );
      });
    });

    describe("remove", () => {
      test("removes a document, and minds no missing one", async () => {
        await store.commit([insert(orders, order("a")), insert(orders, order("b"))]);
        await store.commit([remove(orders, "a"), remove(orders, "nobody")]);
        expect(await store.find(orders)).toEqual([order("b")]);
      });
    });

    describe("commit", () => {
      test("applies all writes of a batch, each seeing those before it", async () => {
        await store.commit([
          insert(stock, { sku: "A", onHand: 1 }),
          adjust(stock, "A", { onHand: 2 }),
          insert(orders, order("a")),
          replace(orders, order("a", { version: 2 }), { version: 1 }),
        ]);
        expect(await other.get(stock, "A")).toEqual({ sku: "A", onHand: 3 });
        expect(await other.get(orders, "a")).toEqual(order("a", { version: 2 }));
      });

      test("leaves nothing of a batch that conflicts, and its neighbours alone", async () => {
        await store.commit([insert(orders, order("taken"))]);
        const outcomes = await Promise.allSettled([
          store.commit([insert(orders, order("before"))]),
          store.commit([insert(orders, order("half")), insert(orders, order("taken"))]),
          store.commit([insert(orders, order("after"))]),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
        const kept = (await store.find(orders)).map(({ id }) => id).sort();
        expect(kept).toEqual(["after", "before", "taken"]);
      });

      test("takes an empty batch", async () => {
        await expect(store.commit([])).resolves.toBeUndefined();
      });

      test("refuses a document without a key, and a collection that is not the store's", async () => {
        await expect(store.commit([insert(orders, order(""))])).rejects.toThrow(TypeError);
        const foreign = collection<Order>({ name: "foreign", key: "id" });
        await expect(store.commit([insert(foreign, order("a"))])).rejects.toThrow("foreign");
        await expect(store.get(foreign, "a")).rejects.toThrow("foreign");
      });

      test("does to any sequence of batches what a simple model does", async () => {
        const key = fc.constantFrom("a", "b", "c");
        const small = fc.integer({ min: 1, max: 3 });
        const write = fc.oneof(
          fc.tuple(key, small).map(([id, number]): Write => insert(orders, order(id, { number }))),
          fc
            .tuple(key, small, small)
            .map(
              ([id, number, version]): Write =>
                replace(orders, order(id, { number, version: version + 1 }), { version }),
            ),
          fc
            .tuple(key, fc.integer({ min: -3, max: 3 }))
            .map(([id, by]): Write => adjust(orders, id, { placedAt: by })),
          key.map((id): Write => remove(orders, id)),
        );
        const batches = fc.array(fc.array(write, { minLength: 1, maxLength: 4 }), { maxLength: 8 });
        await fc.assert(
          fc.asyncProperty(batches, async (all) => {
            await store.commit(["a", "b", "c"].map((id) => remove(orders, id)));
            const model = createModel();
            for (const batch of all) {
              const expected = commitToModel(model, batch);
              if (!expected) await store.commit(batch);
              else expect(await conflictOf(store.commit(batch))).toMatchObject(expected);
            }
            const orderBy = [{ field: "id", direction: "asc" }] as const;
            expect(await store.find(orders, { orderBy })).toEqual(model.documents());
          }),
          { numRuns: 40 },
        );
      });
    });

    describe("reads", () => {
      const rows = [
        order("a", { customerId: "c1", status: "placed", placedAt: 30 }),
        order("b", { customerId: "c1", status: "paid", placedAt: 10 }),
        order("c", { customerId: "c2", status: "placed", placedAt: 20 }),
        order("d", { customerId: "c2", status: "placed", placedAt: 30 }),
      ];
      const idsOf = async (query: Query) => (await store.find(orders, query)).map(({ id }) => id);
      beforeEach(() => store.commit(rows.map((row) => insert(orders, row))));

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
        expect(await store.count(orders, query)).toBe(expected.length);
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
        expect(await store.get(orders, "a' OR 'a'='a")).toBeUndefined();
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
        await expect(store.find(orders, query)).rejects.toThrow(TypeError);
      });
    });

    describe("life-cycle", () => {
      test("keeps what was committed", async () => {
        await store.commit([insert(orders, order("a"))]);
        await Promise.all([store.disconnect(), other.disconnect()]);
        await store.connect();
        expect(await store.get(orders, "a")).toEqual(order("a"));
      });

      test("disconnects after the commits that wait", async () => {
        const commits = ["a", "b", "c"].map((id) => store.commit([insert(orders, order(id))]));
        await store.disconnect();
        await Promise.all(commits);
        expect(await other.find(orders)).toHaveLength(3);
      });

      test("is unavailable and unhealthy while it is not connected", async () => {
        expect(store.isHealthy()).toBe(true);
        await store.disconnect();
        expect(store.isHealthy()).toBe(false);
        await expect(store.commit([insert(orders, order("a"))])).rejects.toThrow(StoreUnavailable);
        await expect(store.get(orders, "a")).rejects.toThrow(StoreUnavailable);
        await store.disconnect();
      });
    });
  });
}
