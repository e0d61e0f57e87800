/** `make status`: the parts of the cluster of DATA_DIR and how they are. Exit code 0 when all are ready and supervised. */
import { loadCluster } from "./cluster/cluster.ts";
import { addressesOf, partsOf } from "./cluster/layout.ts";
import { isAlive, memoryOf } from "./cluster/processes.ts";
import { createProbe } from "./cluster/readiness.ts";
import { livingRecords, type PartRecord, readRecord, SUPERVISOR } from "./cluster/records.ts";
import { CannotDo, type CommandInput, runCommand } from "./command.ts";
import { formatTable } from "./table.ts";

const ANSWER_WITHIN_MS = 2_000;

await runCommand(status, { reads: ["DATA_DIR"] });

async function status({ settings }: CommandInput): Promise<number> {
  const cluster = loadCluster(settings.DATA_DIR);
  if (!cluster || livingRecords(settings.DATA_DIR).length === 0)
    throw new CannotDo(`No cluster of ${settings.DATA_DIR} runs: \`make up\` starts one.`);
  const parts = partsOf(cluster);
  const probe = createProbe(cluster);
  const ready = await probe.readyParts(parts, { waitMs: ANSWER_WITHIN_MS });
  await probe.close();
  const supervisor = readRecord(settings.DATA_DIR, SUPERVISOR);
  const isSupervised = supervisor !== undefined && isAlive(supervisor);
  const rows = [
    describe(SUPERVISOR, supervisor, isSupervised),
    ...parts.map(({ name }) => describe(name, readRecord(settings.DATA_DIR, name), ready.has(name))),
  ];
  console.log(formatTable(["part", "pid", "state", "since", "restarts", "memory"], rows));
  console.log(
    `\nTotal memory ${megabytes(totalMemory(settings.DATA_DIR))}, gateway ${addressesOf(cluster).gateways.join(", ")}`,
  );
  return isSupervised && ready.size === parts.length ? 0 : 1;
}

function describe(name: string, record: PartRecord | undefined, isReady: boolean): string[] {
  if (!record || !isAlive(record)) return [name, "-", "not running", "-", String(record?.restarts ?? 0), "-"];
  const { pid, startedAt, restarts } = record;
  return [
    name,
    String(pid),
    isReady ? "ready" : "not ready",
    startedAt,
    String(restarts),
    megabytes(memoryOf(pid)),
  ];
}

function totalMemory(dataDir: string): number {
  return livingRecords(dataDir).reduce((sum, { pid }) => sum + memoryOf(pid), 0);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
