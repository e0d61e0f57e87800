/**
 * What every adapter of the store port must do. Written against the port alone: an adapter's test file calls
 * `describeStoreContract` with a way to open its store, and adds what only that adapter promises.
 */
import { afterEach, beforeEach, describe } from "@jest/globals";
import type { Collection, ConnectedStore } from "../../mixins/persistence/store.ts";
import { describeBatches } from "./store-contract/batches.ts";
import { type ConnectedStores, orders, stock } from "./store-contract/fixture.ts";
import { describeLifeCycle } from "./store-contract/life-cycle.ts";
import { describeReads } from "./store-contract/reads.ts";
import { describeSingleWrites } from "./store-contract/single-writes.ts";

/** A store over data of its own, not connected yet. */
export interface StoreUnderTest {
  readonly store: ConnectedStore;
  /** Another process's way to the same data, not connected yet. */
  another(): ConnectedStore;
  /** Removes the data; all stores are disconnected by then. */
  cleanUp(): Promise<void>;
}

export function describeStoreContract(
  name: string,
  openStore: (collections: readonly Collection[]) => Promise<StoreUnderTest>,
): void {
  describe(`The store port on ${name}`, () => {
    const on = {} as ConnectedStores;
    let under: StoreUnderTest;

    beforeEach(async () => {
      under = await openStore([orders, stock]);
      on.store = under.store;
      on.other = under.another();
      await on.store.connect();
      await on.other.connect();
    });
    afterEach(async () => {
      await Promise.all([on.store.disconnect(), on.other.disconnect()]);
      await under.cleanUp();
    });

    describeSingleWrites(on);
    describeBatches(on);
    describeReads(on);
    describeLifeCycle(on);
  });
}
