import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of the test's own; disposing removes it with all that is in it. */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "store-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
