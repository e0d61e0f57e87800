import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { describeStoreContract } from "../../support/store-contract.ts";

describeStoreContract("SQLite", async (collections) => {
  const folder = mkdtempSync(join(tmpdir(), "store-"));
  const open = () => createSqliteStore({ file: join(folder, "data", "store.sqlite"), collections });
  return {
    store: open(),
    another: open,
    cleanUp: async () => rmSync(folder, { recursive: true, force: true }),
  };
});
