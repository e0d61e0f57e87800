/**
 * `make up`: starts the cluster of DATA_DIR in the background and waits until it is ready. Where it runs already,
 * starts what is missing. With `--supervise <DATA_DIR>` it is the supervisor that does so from then on.
 */
import { parseArgs } from "node:util";
import { ensureAdminPassword } from "./cluster/admin-password.ts";
import { type Cluster, loadCluster } from "./cluster/cluster.ts";
import { createFolders, foldersOf } from "./cluster/folders.ts";
import { withLock } from "./cluster/lock.ts";
import { lastLines, logFileOf } from "./cluster/log-files.ts";
import { DEV_NODE, livingRecords, type PartRecord, SUPERVISOR } from "./cluster/records.ts";
import { PartDidNotStart, prepareCluster, startSupervisor, untilReady } from "./cluster/start-cluster.ts";
import { stopCluster } from "./cluster/stop-cluster.ts";
import { supervise } from "./cluster/supervisor.ts";
import { welcome } from "./cluster/welcome.ts";
import { CannotDo, type CommandInput, keepFilesPrivate, runCommand } from "./command.ts";

/** Settings that are planned; to ignore them would start something else than was asked for. */
const NOT_YET = ["REDIS_URL", "MONGO_URL"];
const LINES_OF_A_FAILURE = 15;

const { values } = parseArgs({ options: { supervise: { type: "string" } } });
if (values.supervise) await superviseAlone(values.supervise);
else await runCommand(up);

async function superviseAlone(dataDir: string): Promise<void> {
  keepFilesPrivate();
  await supervise(dataDir);
}

async function up(input: CommandInput): Promise<number> {
  const unsupported = NOT_YET.find((name) => input.environment[name]);
  if (unsupported) throw new CannotDo(`This version does not support ${unsupported} yet: unset it.`);
  const dataDir = input.settings.DATA_DIR;
  createFolders(dataDir);
  return await withLock(foldersOf(dataDir).commandLock, () => upAlone(input), {
    onWait: () => console.log("Waiting for another command on this cluster to end ..."),
  });
}

async function upAlone(input: CommandInput): Promise<number> {
  const dataDir = input.settings.DATA_DIR;
  const startedAtMs = performance.now();
  const before = livingRecords(dataDir);
  if (before.some(({ name }) => name === DEV_NODE))
    throw new CannotDo(`\`npm run dev\` runs in ${dataDir}: stop it first, or choose another DATA_DIR.`);
  const cluster = (before.length > 0 && loadCluster(dataDir)) || (await prepareCluster(input, console.log));
  if (before.length > 0) tellOtherSettings(cluster, input);
  if (!cluster.adminGreeted && !input.settings.ADMIN_PASSWORD) ensureAdminPassword(dataDir);
  await startAndWait(cluster, { before, environment: input.environment });
  await welcome(cluster, { adminPassword: input.settings.ADMIN_PASSWORD, startedAtMs });
  return 0;
}

/** @throws {CannotDo} a part did not start, or the person interrupted; what was started has been stopped again */
async function startAndWait(
  cluster: Cluster,
  { before, environment }: { before: readonly PartRecord[]; environment: NodeJS.ProcessEnv },
): Promise<void> {
  const dataDir = cluster.settings.DATA_DIR;
  const isSupervised = before.some(({ name }) => name === SUPERVISOR);
  const wasThere = isOneOf(before);
  const interrupt = new AbortController();
  const abort = () => interrupt.abort();
  process.on("SIGINT", abort).on("SIGTERM", abort);
  const startedAtMs = performance.now();
  try {
    if (!isSupervised) startSupervisor(dataDir, environment);
    await untilReady(cluster, {
      onReady: (part) => console.log(`  ${part.padEnd(20)} ready ${secondsSince(startedAtMs)}`),
      onSlow: (parts) => console.log(`  still waiting for ${parts.join(", ")} ...`),
      signal: interrupt.signal,
    });
  } catch (error) {
    if (!isSupervised) await stopCluster(dataDir, { which: (record) => !wasThere(record) });
    if (interrupt.signal.aborted) throw new CannotDo("Interrupted: what was started has been stopped again.");
    if (!(error instanceof PartDidNotStart)) throw error;
    const log = logFileOf(dataDir, error.part);
    throw new CannotDo(
      [`${error.message} The end of ${log}:`, ...lastLines(log, LINES_OF_A_FAILURE)].join("\n"),
    );
  } finally {
    process.off("SIGINT", abort).off("SIGTERM", abort);
  }
}

function isOneOf(records: readonly PartRecord[]): (record: PartRecord) => boolean {
  return ({ pid, startTime }) => records.some((one) => one.pid === pid && one.startTime === startTime);
}

/** A running cluster keeps its settings; whoever asks for others should know. */
function tellOtherSettings({ settings }: Cluster, input: CommandInput): void {
  const others = Object.entries(input.settings).filter(
    ([name, value]) =>
      input.environment[name] &&
      name !== "ADMIN_PASSWORD" &&
      value !== settings[name as keyof typeof settings],
  );
  if (others.length === 0) return;
  const names = others.map(([name]) => name).join(", ");
  console.log(`The cluster runs already, with another ${names}: \`make down\` first to change that.`);
}

function secondsSince(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}
