import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  adjust,
  collection,
  insert,
  remove,
  replace,
  type Write,
} from "../../../mixins/persistence/store.ts";
import { type ConnectedStores, conflictOf, type Order, order, orders, stock } from "./fixture.ts";
import { commitToModel, createModel } from "./model.ts";

/** What holds for the writes of one batch together. */
export function describeBatches(on: ConnectedStores): void {
  describe("commit", () => {
    test("applies all writes of a batch, each seeing those before it", async () => {
      await on.store.commit([
        insert(stock, { sku: "A", onHand: 1 }),
        adjust(stock, "A", { onHand: 2 }),
        insert(orders, order("a")),
        replace(orders, order("a", { version: 2 }), { version: 1 }),
      ]);
      expect(await on.other.get(stock, "A")).toEqual({ sku: "A", onHand: 3 });
      expect(await on.other.get(orders, "a")).toEqual(order("a", { version: 2 }));
    });

    test("leaves nothing of a batch that conflicts, and its neighbours alone", async () => {
      await on.store.commit([insert(orders, order("taken"))]);
      const outcomes = await Promise.allSettled([
        on.store.commit([insert(orders, order("before"))]),
        on.store.commit([insert(orders, order("half")), insert(orders, order("taken"))]),
        on.store.commit([insert(orders, order("after"))]),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      const kept = (await on.store.find(orders)).map(({ id }) => id).sort();
      expect(kept).toEqual(["after", "before", "taken"]);
    });

    test("takes an empty batch", async () => {
      await expect(on.store.commit([])).resolves.toBeUndefined();
    });

    test("refuses a document without a key, and a collection that is not the store's", async () => {
      await expect(on.store.commit([insert(orders, order(""))])).rejects.toThrow(TypeError);
      const foreign = collection<Order>({ name: "foreign", key: "id" });
      await expect(on.store.commit([insert(foreign, order("a"))])).rejects.toThrow("foreign");
      await expect(on.store.get(foreign, "a")).rejects.toThrow("foreign");
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
          await on.store.commit(["a", "b", "c"].map((id) => remove(orders, id)));
          const model = createModel();
          for (const batch of all) {
            const expected = commitToModel(model, batch);
            if (!expected) await on.store.commit(batch);
            else expect(await conflictOf(on.store.commit(batch))).toMatchObject(expected);
          }
          const orderBy = [{ field: "id", direction: "asc" }] as const;
          expect(await on.store.find(orders, { orderBy })).toEqual(model.documents());
        }),
        { numRuns: 40 },
      );
    });
  });
}
