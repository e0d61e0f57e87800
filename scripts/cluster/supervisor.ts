/** Keeps the parts of a cluster running, as Kubernetes would: a process that dies is started again with back-off. */
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { readAdminPassword } from "./admin-password.ts";
import { createBackOff } from "./back-off.ts";
import { type Cluster, loadCluster } from "./cluster.ts";
import { foldersOf } from "./folders.ts";
import { adopt, launch } from "./launch.ts";
import { type Part, partsOf, type Role } from "./layout.ts";
import { tryLock } from "./lock.ts";
import { identify, isAlive, type ProcessId, stopProcess } from "./processes.ts";
import { accepts } from "./readiness.ts";
import { DEV_NODE, livingRecords, readRecord, removeRecord, SUPERVISOR, writeRecord } from "./records.ts";

interface Logger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

interface Kept {
  readonly stopping: AbortController;
  readonly kept: Promise<void>;
}

const NODES: readonly Role[] = ["node", "gateway"];
/** How long a node that is not wanted any more may take to stop: longer than its own shutdown time. */
const STOP_WITHIN_MS = 12_000;

/**
 * The supervisor's life: takes over what runs of the cluster, starts what is missing, and keeps all of it running
 * until SIGTERM. SIGHUP: the cluster was scaled. Its own end, whatever the cause, touches no part.
 */
export async function supervise(dataDir: string): Promise<void> {
  const lock = tryLock(foldersOf(dataDir).supervisorLock);
  const cluster = loadCluster(dataDir);
  if (!lock || !cluster) return;
  const logger = pino({
    base: { node: SUPERVISOR },
    formatters: { level: (level) => ({ level }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  const keeper = createKeeper({ dataDir, logger });
  const scale = () => {
    const scaled = loadCluster(dataDir);
    if (scaled) keeper.keep(partsWithSecrets(scaled));
  };
  process.on("SIGHUP", scale);
  process.once("SIGTERM", () => {
    // The handler also keeps the lock from being collected, and with that released.
    lock.release();
    process.exit(0);
  });
  writeRecord(dataDir, {
    ...(identify(process.pid) as ProcessId),
    name: SUPERVISOR,
    role: "supervisor",
    startedAt: new Date().toISOString(),
    restarts: 0,
  });
  // Read again: a change between the first look and the record was told to nobody.
  scale();
}

/** Keeps those parts running that are wanted, and stops the others of the cluster. */
export function createKeeper({ dataDir, logger }: { dataDir: string; logger: Logger }) {
  const parts = new Map<string, Kept>();
  let turn: Promise<void> = Promise.resolve();

  async function change(wanted: readonly Part[]): Promise<void> {
    const names = new Set(wanted.map(({ name }) => name));
    // Those of a former supervisor among them, whose end it did not see.
    const nodes = livingRecords(dataDir).filter(
      ({ role, name }) => NODES.includes(role) && name !== DEV_NODE,
    );
    const known = new Set([...parts.keys(), ...nodes.map(({ name }) => name)]);
    await Promise.all([...[...known].filter((name) => !names.has(name)).map(stop), start(wanted)]);
  }

  /** Servers come first, the others once those accept connections. */
  async function start(wanted: readonly Part[]): Promise<void> {
    const servers = wanted.filter(({ role }) => role === "server");
    servers.forEach(keep);
    while (!(await allAccept(servers))) await delay(20);
    wanted.forEach(keep);
  }

  function keep(part: Part): void {
    if (parts.has(part.name)) return;
    const stopping = new AbortController();
    parts.set(part.name, { stopping, kept: keepRunning(part, { dataDir, logger, signal: stopping.signal }) });
  }

  async function stop(name: string): Promise<void> {
    const part = parts.get(name);
    parts.delete(name);
    part?.stopping.abort();
    const record = readRecord(dataDir, name);
    if (record && isAlive(record)) await stopProcess(record, { graceMs: STOP_WITHIN_MS });
    await part?.kept;
    removeRecord(dataDir, name);
    logger.info({ part: name }, "stopped");
  }

  return {
    /** From now on these parts and no others; one change after the other. */
    keep(wanted: readonly Part[]): void {
      turn = turn
        .then(() => change(wanted))
        .catch((error) => logger.warn({ error: String(error) }, "not all parts could be changed"));
    },
    /** Parts are not started again any more. */
    release(): void {
      for (const { stopping } of parts.values()) stopping.abort();
    },
  };
}

async function keepRunning(
  part: Part,
  { dataDir, logger, signal }: { dataDir: string; logger: Logger; signal: AbortSignal },
): Promise<void> {
  const backOff = createBackOff();
  let restarts = readRecord(dataDir, part.name)?.restarts ?? 0;
  let running = adopt(part, dataDir);
  if (running) logger.info({ part: part.name, pid: running.pid }, "taken over");
  while (!signal.aborted) {
    if (!running) {
      running = launch(part, dataDir, { restarts });
      logger.info({ part: part.name, pid: running.pid, restarts }, "started");
    }
    const how = await running.ended;
    const delayMs = backOff(Date.now() - running.startedAtMs);
    if (signal.aborted) logger.info({ part: part.name, pid: running.pid, how }, "ended");
    else logger.warn({ part: part.name, pid: running.pid, how, delayMs }, "ended, is started again");
    await delay(delayMs, undefined, { signal }).catch(() => {});
    restarts += 1;
    running = undefined;
  }
}

async function allAccept(parts: readonly Part[]): Promise<boolean> {
  const open = await Promise.all(parts.flatMap(({ ports }) => ports.map((port) => accepts(port))));
  return open.every(Boolean);
}

/** Only accounts gets the first admin's password. */
function partsWithSecrets(cluster: Cluster): Part[] {
  const password = process.env.ADMIN_PASSWORD || readAdminPassword(cluster.settings.DATA_DIR);
  const secret = password ? { ADMIN_PASSWORD: password } : {};
  return partsOf(cluster).map((part) =>
    part.services.includes("accounts") ? { ...part, environment: { ...part.environment, ...secret } } : part,
  );
}
