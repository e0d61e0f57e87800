import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { adjust, insert, remove, replace } from "../../../mixins/persistence/store.ts";
import { type ConnectedStores, conflictOf, order, orders, stock } from "./fixture.ts";

/** What each kind of write does, and when it conflicts. */
export function describeSingleWrites(on: ConnectedStores): void {
  describe("insert", () => {
    test("keeps a document as it was given", async () => {
      const note = {
        text: "ünïcödé 🚚 'quoted' \"twice\" \u0000",
        list: [1.5, null, true],
        nested: { a: {} },
      };
      await on.store.commit([insert(orders, order("a", { note }))]);
      expect(await on.store.get(orders, "a")).toEqual({ id: "a", version: 1, note });
    });

    test("is not changed by what the caller does to the document afterwards", async () => {
      const mutable = { ...order("a", { status: "placed" }) };
      const commit = on.store.commit([insert(orders, mutable)]);
      mutable.status = "cancelled";
      await commit;
      expect(await on.store.get(orders, "a")).toEqual(order("a", { status: "placed" }));
    });

    test("conflicts when the key is taken, and leaves the first document", async () => {
      await on.store.commit([insert(orders, order("a", { status: "placed" }))]);
      const late = insert(orders, order("a"));
      expect(await conflictOf(on.other.commit([late]))).toMatchObject({ write: late, reason: "exists" });
      expect(await on.store.get(orders, "a")).toEqual(order("a", { status: "placed" }));
    });

    test("conflicts when a unique field list is taken", async () => {
      await on.store.commit([insert(orders, order("a", { number: 7, customerId: "c", placedAt: 1 }))]);
      const sameNumber = on.store.commit([insert(orders, order("b", { number: 7 }))]);
      expect((await conflictOf(sameNumber)).reason).toBe("exists");
      const samePair = on.store.commit([insert(orders, order("c", { customerId: "c", placedAt: 1 }))]);
      expect((await conflictOf(samePair)).reason).toBe("exists");
      await on.store.commit([insert(orders, order("d", { customerId: "c", placedAt: 2 }))]);
    });

    test("does not count documents without the unique field", async () => {
      await on.store.commit([insert(orders, order("a")), insert(orders, order("b"))]);
      await on.store.commit([insert(orders, order("c", { customerId: "c" }))]);
      await on.store.commit([insert(orders, order("d", { customerId: "c" }))]);
      expect(await on.store.count(orders)).toBe(4);
    });

    test("lets exactly one of many racing for a key win", async () => {
      const racing = Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? on.store : on.other).commit([insert(orders, order("a", { number: index }))]),
      );
      const outcomes = await Promise.allSettled(racing);
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });
  });

  describe("replace", () => {
    test("replaces the version that was read", async () => {
      await on.store.commit([insert(orders, order("a"))]);
      await on.store.commit([replace(orders, order("a", { status: "paid", version: 2 }), { version: 1 })]);
      expect(await on.store.get(orders, "a")).toEqual(order("a", { status: "paid", version: 2 }));
    });

    test("conflicts when the document has changed since, or is missing", async () => {
      await on.store.commit([insert(orders, order("a", { version: 2 }))]);
      const stale = replace(orders, order("a", { version: 2 }), { version: 1 });
      expect(await conflictOf(on.store.commit([stale]))).toMatchObject({ write: stale, reason: "changed" });
      const missing = replace(orders, order("b", { version: 2 }), { version: 1 });
      expect(await conflictOf(on.store.commit([missing]))).toMatchObject({
        write: missing,
        reason: "changed",
      });
      expect(await on.store.get(orders, "b")).toBeUndefined();
    });

    test("conflicts when a unique field list is taken by another document", async () => {
      await on.store.commit([insert(orders, order("a", { number: 1 })), insert(orders, order("b"))]);
      const taking = on.store.commit([
        replace(orders, order("b", { number: 1, version: 2 }), { version: 1 }),
      ]);
      expect((await conflictOf(taking)).reason).toBe("exists");
    });

    test("lets exactly one of many that read the same version win", async () => {
      await on.store.commit([insert(orders, order("a"))]);
      const racing = Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? on.store : on.other).commit([
          replace(orders, order("a", { placedAt: index, version: 2 }), { version: 1 }),
        ]),
      );
      const outcomes = await Promise.allSettled(racing);
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });
  });

  describe("adjust", () => {
    test("adds to several numbers, down to 0; a missing one counts as 0", async () => {
      await on.store.commit([insert(stock, { sku: "A", onHand: 5 })]);
      await on.store.commit([adjust(stock, "A", { onHand: -5, reserved: 3 })]);
      expect(await on.store.get(stock, "A")).toEqual({ sku: "A", onHand: 0, reserved: 3 });
    });

    test("conflicts when one sum would fall below 0, and changes none", async () => {
      await on.store.commit([insert(stock, { sku: "A", onHand: 5, reserved: 1 })]);
      const tooMuch = adjust(stock, "A", { onHand: 1, reserved: -2 });
      expect(await conflictOf(on.store.commit([tooMuch]))).toMatchObject({
        write: tooMuch,
        reason: "negative",
      });
      expect(await on.store.get(stock, "A")).toEqual({ sku: "A", onHand: 5, reserved: 1 });
    });

    test("conflicts when there is no such document", async () => {
      expect((await conflictOf(on.store.commit([adjust(stock, "A", { onHand: 1 })]))).reason).toBe("missing");
    });

    test("does not conflict with neighbours that adjust the same document", async () => {
      await on.store.commit([insert(stock, { sku: "A", onHand: 0 })]);
      const adjusting = Array.from({ length: 40 }, (_, index) =>
        (index % 2 ? on.store : on.other).commit([adjust(stock, "A", { onHand: 1 })]),
      );
      await Promise.all(adjusting);
      expect(await on.store.get(stock, "A")).toEqual({ sku: "A", onHand: 40 });
    });

    test("refuses what is no integer", async () => {
      await on.store.commit([insert(stock, { sku: "A", onHand: 5 })]);
      for (const delta of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])
        await expect(on.store.commit([adjust(stock, "A", { onHand: delta })])).rejects.toThrow(TypeError);
    });

    test("keeps a stock level at the sum of its accepted adjustments, never below 0", async () => {
      let round = 0;
      const deltas = fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 1, maxLength: 30 });
      await fc.assert(
        fc.asyncProperty(deltas, async (wanted) => {
          const sku = `S-${round++}`;
          await on.store.commit([insert(stock, { sku, onHand: 0 })]);
          const outcomes = await Promise.allSettled(
            wanted.map((by, index) =>
              (index % 2 ? on.store : on.other).commit([adjust(stock, sku, { onHand: by })]),
            ),
          );
          const accepted = wanted.filter((_, index) => outcomes[index]?.status === "fulfilled");
          const sum = accepted.reduce((total, by) => total + by, 0);
          expect(sum).toBeGreaterThanOrEqual(0);
          expect(await on.store.get(stock, sku)).toEqual({ sku, onHand: sum });
        }),
        { numRuns: 25 },
      );
    });
  });

  describe("remove", () => {
    test("removes a document, and minds no missing one", async () => {
      await on.store.commit([insert(orders, order("a")), insert(orders, order("b"))]);
      await on.store.commit([remove(orders, "a"), remove(orders, "nobody")]);
      expect(await on.store.find(orders)).toEqual([order("b")]);
    });
  });
}
