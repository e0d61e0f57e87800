/** Keeps the parts of a cluster running, as Kubernetes would: a process that dies is started again with back-off. */
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { readAdminPassword } from "./admin-password.ts";
import { createBackOff } from "./back-off.ts";
import { type Cluster, loadCluster } from "./cluster.ts";
import { foldersOf } from "./folders.ts";
import { adopt, launch } from "./launch.ts";
import { type Part, partsOf } from "./layout.ts";
import { tryLock } from "./lock.ts";
import { identify, type ProcessId } from "./processes.ts";
import { accepts } from "./readiness.ts";
import { readRecord, SUPERVISOR, writeRecord } from "./records.ts";

interface Logger {
  info(details: object, message: string): void;
}

/**
 * The supervisor's life: takes over what runs of the cluster, starts what is missing, and keeps all of it running
 * until SIGTERM. Its own end, whatever the cause, touches no part.
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
  writeRecord(dataDir, {
    ...(identify(process.pid) as ProcessId),
    name: SUPERVISOR,
    role: "supervisor",
    startedAt: new Date().toISOString(),
    restarts: 0,
  });
  process.once("SIGTERM", () => {
    // The handler also keeps the lock from being collected, and with that released.
    lock.release();
    process.exit(0);
  });
  await keepAllRunning(partsWithSecrets(cluster), { dataDir, logger });
}

/**
 * Keeps parts running; servers come first, the others once those accept connections.
 * @param signal ends it: parts are not started again any more
 */
export async function keepAllRunning(
  parts: readonly Part[],
  { dataDir, logger, signal }: { dataDir: string; logger: Logger; signal?: AbortSignal },
): Promise<void> {
  const keep = (part: Part) => keepRunning(part, { dataDir, logger, signal });
  const servers = parts.filter(({ role }) => role === "server");
  const others = parts.filter(({ role }) => role !== "server");
  const kept = servers.map(keep);
  while (!(await allAccept(servers))) await delay(20);
  await Promise.all([...kept, ...others.map(keep)]);
}

async function keepRunning(
  part: Part,
  { dataDir, logger, signal }: { dataDir: string; logger: Logger; signal: AbortSignal | undefined },
): Promise<void> {
  const backOff = createBackOff();
  let restarts = readRecord(dataDir, part.name)?.restarts ?? 0;
  let running = adopt(part, dataDir);
  if (running) logger.info({ part: part.name, pid: running.pid }, "taken over");
  while (!signal?.aborted) {
    if (!running) {
      running = launch(part, dataDir, { restarts });
      logger.info({ part: part.name, pid: running.pid, restarts }, "started");
    }
    const how = await running.ended;
    const delayMs = backOff(Date.now() - running.startedAtMs);
    logger.info({ part: part.name, pid: running.pid, how, delayMs }, "ended");
    await delay(delayMs);
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
