import { createMemoryDatabase, createMemoryStore } from "../support/memory-store.ts";
import { describeStoreContract } from "../support/store-contract.ts";

describeStoreContract("memory", async (collections) => {
  const database = createMemoryDatabase({ collections });
  const open = () => createMemoryStore(database);
  return { store: open(), another: open, cleanUp: async () => {} };
});
