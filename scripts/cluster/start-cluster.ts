import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { CannotDo, type CommandInput, ROOT } from "../command.ts";
import { natsServer, provideServer } from "../servers.ts";
import { type Cluster, loadCluster, planCluster, saveCluster } from "./cluster.ts";
import { createFolders } from "./folders.ts";
import { type Part, partsOf } from "./layout.ts";
import { openLog } from "./log-files.ts";
import { checkNats } from "./nats-client.ts";
import { writeNatsConfig } from "./nats-config.ts";
import { whyNotFree } from "./ports.ts";
import { createProbe } from "./readiness.ts";
import { readRecord, readRecords, removeRecord, SUPERVISOR } from "./records.ts";

const READY_WITHIN_MS = 60_000;
const SLOW_AFTER_MS = 10_000;
/** A part that had to be started again so often does not start. */
const TRIES = 3;

/** A part that did not start; its log tells why. */
export class PartDidNotStart extends Error {
  readonly code = "PART_DID_NOT_START";
  readonly part: string;
  constructor(part: string, why: string) {
    super(`${part} ${why}.`);
    this.part = part;
  }
}

/**
 * Prepares the cluster of these settings where nothing of it runs: port free, servers there, configuration written.
 * @throws {CannotDo} with the reason and the choices
 */
export async function prepareCluster(
  { settings, environment }: CommandInput,
  say: (line: string) => void,
): Promise<Cluster> {
  await checkGatewayPort(settings.PORT);
  const dataDir = settings.DATA_DIR;
  createFolders(dataDir);
  if (settings.NATS_URL) await checkNats(settings.NATS_URL);
  const nats = settings.NATS_URL
    ? undefined
    : await provideServer(natsServer, { say, path: environment.PATH ?? "" });
  const cluster = await planCluster(settings, { last: loadCluster(dataDir), natsProgram: nats?.file });
  if (nats) writeNatsConfig(cluster, nats.version);
  for (const { name } of readRecords(dataDir)) removeRecord(dataDir, name);
  saveCluster(cluster);
  return cluster;
}

/** Starts the supervisor on its own, so that it outlives this command. */
export function startSupervisor(dataDir: string, environment: NodeJS.ProcessEnv): void {
  const log = openLog(dataDir, SUPERVISOR);
  spawn(process.execPath, ["scripts/up.ts", "--supervise", dataDir], {
    cwd: ROOT,
    env: environment,
    stdio: ["ignore", log, log],
    detached: true,
  }).unref();
  closeSync(log);
}

/**
 * Resolves once every part is ready, or every one of `parts`.
 * @param onReady told each part's name once, when it is
 * @param onSlow told, once, what is still missing after some seconds
 * @throws {PartDidNotStart} a part keeps ending, or takes too long
 */
export async function untilReady(
  cluster: Cluster,
  {
    onReady,
    onSlow,
    signal,
    parts = partsOf(cluster),
  }: {
    onReady: (part: string) => void;
    onSlow: (parts: string[]) => void;
    signal: AbortSignal;
    parts?: readonly Part[];
  },
): Promise<void> {
  const restarts = countRestarts(cluster.settings.DATA_DIR, parts);
  const probe = createProbe(cluster);
  const startedAtMs = performance.now();
  const told = new Set<string>();
  let isSlow = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const ready = await probe.readyParts(parts, { waitMs: 200 });
      for (const name of ready) if (!told.has(name)) onReady(name);
      for (const name of ready) told.add(name);
      const waiting = parts.map(({ name }) => name).filter((name) => !ready.has(name));
      const [first] = waiting;
      if (!first) return;
      const broken = waiting.find((name) => restarts.of(name) >= TRIES);
      if (broken) throw new PartDidNotStart(broken, "does not start");
      const waitedMs = performance.now() - startedAtMs;
      if (waitedMs > READY_WITHIN_MS) throw new PartDidNotStart(first, "is not ready in time");
      if (waitedMs > SLOW_AFTER_MS && !isSlow) onSlow(waiting);
      isSlow = waitedMs > SLOW_AFTER_MS;
      await delay(50);
    }
  } finally {
    await probe.close();
  }
}

/** How often each part was started again from now on. */
function countRestarts(dataDir: string, parts: readonly Part[]): { of(name: string): number } {
  const total = (name: string) => readRecord(dataDir, name)?.restarts ?? 0;
  const before = new Map(parts.map(({ name }) => [name, total(name)]));
  return { of: (name) => total(name) - (before.get(name) ?? 0) };
}

async function checkGatewayPort(port: number): Promise<void> {
  const problem = (await whyNotFree(port)) ?? (await whyNotFree(port, "127.0.0.1"));
  if (!problem) return;
  const why = problem === "EADDRINUSE" ? "is taken by another program" : `cannot be listened on (${problem})`;
  const other = port < 65_535 ? port + 1 : port - 1;
  throw new CannotDo(
    `Port ${port} ${why}: choose another for the gateway, such as \`PORT=${other} make up\`.`,
  );
}
