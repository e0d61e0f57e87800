/**
 * `make scale orders=3 api-gateway=2`: starts or stops nodes of the running cluster of DATA_DIR until so many host
 * each service, and waits until they are ready. The cluster keeps the counts.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Cluster, loadCluster, SERVICES, saveCluster, withGatewayPorts } from "./cluster/cluster.ts";
import { foldersOf } from "./cluster/folders.ts";
import { addressesOf, type Part, partsOf } from "./cluster/layout.ts";
import { withLock } from "./cluster/lock.ts";
import { logFileOf } from "./cluster/log-files.ts";
import { isAlive, signal } from "./cluster/processes.ts";
import { DEV_NODE, livingRecords, readRecord, SUPERVISOR } from "./cluster/records.ts";
import { parseCounts, wordsOfMake } from "./cluster/scale-words.ts";
import { PartDidNotStart, startSupervisor, untilReady } from "./cluster/start-cluster.ts";
import { CannotDo, type CommandInput, runCommand } from "./command.ts";

const STOPPED_WITHIN_MS = 20_000;

await runCommand(scale);

async function scale(input: CommandInput): Promise<number> {
  const given = process.argv.slice(2);
  const counts = parseCounts(given.length > 0 ? given : wordsOfMake(input.environment.MAKEFLAGS), SERVICES);
  const dataDir = input.settings.DATA_DIR;
  const { commandLock } = foldersOf(dataDir);
  if (!loadCluster(dataDir)) throw nothingRuns(dataDir);
  return await withLock(commandLock, () => scaleAlone(input, counts), {
    onWait: () => console.log("Waiting for another command on this cluster to end ..."),
  });
}

async function scaleAlone(
  { settings: { DATA_DIR: dataDir }, environment }: CommandInput,
  counts: Readonly<Record<string, number>>,
): Promise<number> {
  const startedAtMs = performance.now();
  const before = loadCluster(dataDir);
  const living = livingRecords(dataDir);
  if (!before || living.length === 0 || living.some(({ name }) => name === DEV_NODE))
    throw nothingRuns(dataDir);
  const after = await withGatewayPorts({ ...before, nodes: { ...before.nodes, ...counts } });
  saveCluster(after);
  tellSupervisor(dataDir, environment);

  const isScaled = ({ services }: Part) => services.some((service) => service in counts);
  const wanted = partsOf(after).filter(isScaled);
  const names = new Set(wanted.map(({ name }) => name));
  const left = living.map(({ name }) => name).filter((name) => isNodeOf(name, counts) && !names.has(name));
  await Promise.all([untilStopped(dataDir, left), untilStarted(after, wanted)]);
  tell(after, counts, performance.now() - startedAtMs);
  return 0;
}

/** A supervisor that was killed is replaced: the new one reads the counts at its start. */
function tellSupervisor(dataDir: string, environment: NodeJS.ProcessEnv): void {
  const supervisor = readRecord(dataDir, SUPERVISOR);
  if (supervisor && isAlive(supervisor)) signal(supervisor, "SIGHUP");
  else startSupervisor(dataDir, environment);
}

/** @throws {CannotDo} a node does not start */
async function untilStarted(cluster: Cluster, parts: readonly Part[]): Promise<void> {
  try {
    await untilReady(cluster, {
      parts,
      onReady: (part) => console.log(`  ${part.padEnd(20)} ready`),
      onSlow: (waiting) => console.log(`  still waiting for ${waiting.join(", ")} ...`),
      signal: new AbortController().signal,
    });
  } catch (error) {
    if (!(error instanceof PartDidNotStart)) throw error;
    throw new CannotDo(`${error.message} See ${logFileOf(cluster.settings.DATA_DIR, error.part)}.`);
  }
}

/** @throws {CannotDo} a node does not end */
async function untilStopped(dataDir: string, names: readonly string[]): Promise<void> {
  const deadline = performance.now() + STOPPED_WITHIN_MS;
  for (const name of names) {
    // The supervisor forgets a part's record when it has ended.
    while (readRecord(dataDir, name)) {
      if (performance.now() > deadline) throw new CannotDo(`${name} has not stopped in time.`);
      await delay(50);
    }
    console.log(`  ${name.padEnd(20)} stopped`);
  }
}

function tell(cluster: Cluster, counts: Readonly<Record<string, number>>, tookMs: number): void {
  const said = Object.entries(counts).map(([service, count]) => `${service}=${count}`);
  console.log(`\nScaled to ${said.join(", ")} (${(tookMs / 1000).toFixed(1)} s).`);
  if ("api-gateway" in counts) console.log(`Gateways: ${addressesOf(cluster).gateways.join(", ")}`);
}

/** Nodes are called `<service>-<number>`. */
function isNodeOf(name: string, counts: Readonly<Record<string, number>>): boolean {
  return name.slice(0, name.lastIndexOf("-")) in counts;
}

function nothingRuns(dataDir: string): CannotDo {
  return new CannotDo(`No cluster of ${dataDir} runs: \`make up\` starts one.`);
}
