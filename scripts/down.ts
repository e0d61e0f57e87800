/** `make down`: stops all that `make up` started for the cluster of DATA_DIR, and nothing else. */
import { existsSync } from "node:fs";
import { foldersOf } from "./cluster/folders.ts";
import { withLock } from "./cluster/lock.ts";
import { livingRecords } from "./cluster/records.ts";
import { stopCluster } from "./cluster/stop-cluster.ts";
import { type CommandInput, runCommand } from "./command.ts";

await runCommand(down, { reads: ["DATA_DIR"] });

async function down({ settings }: CommandInput): Promise<number> {
  const dataDir = settings.DATA_DIR;
  const { run, commandLock } = foldersOf(dataDir);
  if (!existsSync(run)) return tellNothingRuns(dataDir);
  return await withLock(commandLock, () => downAlone(dataDir), {
    onWait: () => console.log("Waiting for another command on this cluster to end ..."),
  });
}

async function downAlone(dataDir: string): Promise<number> {
  const startedAtMs = performance.now();
  if (livingRecords(dataDir).length === 0) return tellNothingRuns(dataDir);
  await stopCluster(dataDir, { onStopped: (names) => console.log(`  stopped ${names.join(", ")}`) });
  console.log(
    `The cluster of ${dataDir} is down (${((performance.now() - startedAtMs) / 1000).toFixed(1)} s).`,
  );
  return 0;
}

function tellNothingRuns(dataDir: string): number {
  console.log(`Nothing of the cluster of ${dataDir} runs.`);
  return 0;
}
