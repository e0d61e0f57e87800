/**
 * Loaded into the processes of a cluster by `NODE_OPTIONS=--import`: a bug that one order sets off. While the file
 * `KILLER_FILE` exists, a process ends as by `kill -9` whenever it is about to store a movement of the stock whose sku
 * stands in that file. To remove the file is to mend the bug.
 */
import { readFileSync } from "node:fs";
import { StatementSync } from "node:sqlite";

function killer(): string | undefined {
  try {
    return readFileSync(process.env.KILLER_FILE ?? "", "utf8");
  } catch {
    return undefined;
  }
}

const run = StatementSync.prototype.run;
StatementSync.prototype.run = function (this: StatementSync, ...values: unknown[]) {
  const sku = /INSERT INTO "?movements/.test(this.sourceSQL) ? killer() : undefined;
  if (sku && values.some((value) => String(value).includes(sku))) process.kill(process.pid, "SIGKILL");
  return run.apply(this, values as Parameters<typeof run>);
};
