/**
 * `npm run dev`: NATS and the sandboxes as in `make up`, and all services in one Moleculer node in the foreground,
 * started anew whenever a source changes. Ctrl-C stops all that it started.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { ensureAdminPassword, readAdminPassword } from "./cluster/admin-password.ts";
import { type Cluster, SERVICES } from "./cluster/cluster.ts";
import { foldersOf } from "./cluster/folders.ts";
import { addressesOf, nodeEnvironment, surroundingsOf, withoutSettings } from "./cluster/layout.ts";
import { tryLock } from "./cluster/lock.ts";
import { formatLogLine, parseLogLine } from "./cluster/log-format.ts";
import { identify } from "./cluster/processes.ts";
import { answersOk } from "./cluster/readiness.ts";
import { DEV_NODE, livingRecords, writeRecord } from "./cluster/records.ts";
import { prepareCluster } from "./cluster/start-cluster.ts";
import { stopCluster } from "./cluster/stop-cluster.ts";
import { createKeeper } from "./cluster/supervisor.ts";
import { welcome } from "./cluster/welcome.ts";
import { CannotDo, type CommandInput, ROOT, runCommand } from "./command.ts";

const WATCHED = ["services", "mixins", "contracts", "settings.ts", "moleculer.config.ts"];
const POLL_MS = 100;

await runCommand(dev);

async function dev(input: CommandInput): Promise<number> {
  const dataDir = input.settings.DATA_DIR;
  const startedAtMs = performance.now();
  const lock = tryLock(foldersOf(dataDir).supervisorLock);
  if (!lock || livingRecords(dataDir).length > 0)
    throw new CannotDo(
      `A cluster of ${dataDir} runs already: \`make down\` first, or choose another DATA_DIR.`,
    );
  const cluster = await prepareCluster(input, console.log);
  if (!cluster.adminGreeted && !input.settings.ADMIN_PASSWORD) ensureAdminPassword(dataDir);
  const keeper = createKeeper({ dataDir, logger: pino({ enabled: false }) });
  keeper.keep(surroundingsOf(cluster));
  const node = startNode(cluster, input.settings.ADMIN_PASSWORD ?? readAdminPassword(dataDir));
  const ended = once(node, "exit");
  const stop = () => node.kill("SIGTERM");
  process.on("SIGINT", stop).on("SIGTERM", stop);
  untilAnswered(`${addressesOf(cluster).gateway}/readyz`)
    .then(() => welcome(cluster, { adminPassword: input.settings.ADMIN_PASSWORD, startedAtMs }))
    .catch((error) => console.error(error instanceof Error ? error.message : error));
  await ended;
  keeper.release();
  await stopCluster(dataDir);
  lock.release();
  process.exit(0);
}

/** All services in one node, its log made readable. */
function startNode(cluster: Cluster, adminPassword: string | undefined): ChildProcess {
  const watched = WATCHED.map((path) => `--watch-path=${path}`);
  const folders = SERVICES.map((service) => `services/${service}`);
  const node = spawn(
    process.execPath,
    ["--watch", "--watch-preserve-output", ...watched, "scripts/node.ts", ...folders, "--id", DEV_NODE],
    {
      cwd: ROOT,
      env: {
        ...withoutSettings(process.env),
        ...nodeEnvironment(cluster),
        ...(adminPassword ? { ADMIN_PASSWORD: adminPassword } : {}),
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  createInterface({ input: node.stdout }).on("line", (text) =>
    console.log(formatLogLine(parseLogLine(DEV_NODE, text), { colour: process.stdout.isTTY === true })),
  );
  const id = node.pid === undefined ? undefined : identify(node.pid);
  if (id)
    writeRecord(cluster.settings.DATA_DIR, {
      ...id,
      name: DEV_NODE,
      role: "node",
      startedAt: new Date().toISOString(),
      restarts: 0,
    });
  return node;
}

async function untilAnswered(url: string): Promise<void> {
  while (!(await answersOk(url))) await delay(POLL_MS);
}
