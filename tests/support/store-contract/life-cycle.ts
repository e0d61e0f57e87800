import { describe, expect, test } from "@jest/globals";
import { insert, StoreUnavailable } from "../../../mixins/persistence/store.ts";
import { type ConnectedStores, order, orders } from "./fixture.ts";

/** What connecting and disconnecting do. */
export function describeLifeCycle(on: ConnectedStores): void {
  describe("life-cycle", () => {
    test("keeps what was committed", async () => {
      await on.store.commit([insert(orders, order("a"))]);
      await Promise.all([on.store.disconnect(), on.other.disconnect()]);
      await on.store.connect();
      expect(await on.store.get(orders, "a")).toEqual(order("a"));
    });

    test("disconnects after the commits that wait", async () => {
      const commits = ["a", "b", "c"].map((id) => on.store.commit([insert(orders, order(id))]));
      await on.store.disconnect();
      await Promise.all(commits);
      expect(await on.other.find(orders)).toHaveLength(3);
    });

    test("is unavailable and unhealthy while it is not connected", async () => {
      expect(on.store.isHealthy()).toBe(true);
      await on.store.disconnect();
      expect(on.store.isHealthy()).toBe(false);
      await expect(on.store.commit([insert(orders, order("a"))])).rejects.toThrow(StoreUnavailable);
      await expect(on.store.get(orders, "a")).rejects.toThrow(StoreUnavailable);
      await on.store.disconnect();
    });
  });
}
