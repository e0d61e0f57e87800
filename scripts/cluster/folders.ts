import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CannotDo } from "../command.ts";

/** Where a cluster keeps what, below its DATA_DIR. */
export function foldersOf(dataDir: string) {
  const run = join(dataDir, "run");
  return {
    run,
    /** One file per process: its identity and history. */
    records: join(run, "parts"),
    cluster: join(run, "cluster.json"),
    natsConfig: join(run, "nats.conf"),
    /** Holds the first admin's random password until it has been printed. */
    adminPassword: join(run, "admin-password"),
    /** Held by a command that starts or stops parts. */
    commandLock: join(run, "command.lock"),
    /** Held by the supervisor as long as it lives. */
    supervisorLock: join(run, "supervisor.lock"),
    logs: join(dataDir, "logs"),
    nats: join(dataDir, "nats"),
    payments: join(dataDir, "payments"),
    mail: join(dataDir, "mail"),
  };
}

/**
 * Creates the folders that the commands write to; what runs the cluster is nobody else's to read.
 * @throws {CannotDo} DATA_DIR cannot be such a folder
 */
export function createFolders(dataDir: string): void {
  const { run, records, logs } = foldersOf(dataDir);
  try {
    for (const folder of [run, records, logs]) mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CannotDo(`DATA_DIR ${dataDir} can not be used as a folder (${code}): choose another.`);
  }
  for (const folder of [run, records]) chmodSync(folder, 0o700);
}

/** Writes a file that only its owner may read; a reader sees the old or the new one, never a part. */
export function writePrivateFile(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, file);
}
