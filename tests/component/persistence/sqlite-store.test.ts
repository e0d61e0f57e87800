import { join } from "node:path";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { describeStoreContract } from "../../support/store-contract.ts";
import { temporaryFolder } from "./temp-folder.ts";

describeStoreContract("SQLite", async (collections) => {
  const folder = temporaryFolder();
  const open = () => createSqliteStore({ file: join(folder.path, "data", "store.sqlite"), collections });
  return { store: open(), another: open, cleanUp: async () => folder.remove() };
});
