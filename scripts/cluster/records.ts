/** What is known of each process of a cluster, one small file each, so that any command can find and judge it. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { foldersOf, writePrivateFile } from "./folders.ts";
import type { Role } from "./layout.ts";
import { isAlive, type ProcessId } from "./processes.ts";

export interface PartRecord extends ProcessId {
  readonly name: string;
  readonly role: Role;
  /** When this process was started: UTC, RFC 3339. */
  readonly startedAt: string;
  /** How often the part was started again since the cluster was started. */
  readonly restarts: number;
}

/** The supervisor's own record. */
export const SUPERVISOR = "supervisor";
/** The record of the one node of `npm run dev`. */
export const DEV_NODE = "dev";

export function writeRecord(dataDir: string, record: PartRecord): void {
  writePrivateFile(fileOf(dataDir, record.name), JSON.stringify(record));
}

export function removeRecord(dataDir: string, name: string): void {
  rmSync(fileOf(dataDir, name), { force: true });
}

/** The last known process of a part, dead or alive. */
export function readRecord(dataDir: string, name: string): PartRecord | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir, name), "utf8")) as PartRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The last known process of every part and of the supervisor, dead or alive. */
export function readRecords(dataDir: string): PartRecord[] {
  return filesOf(foldersOf(dataDir).records)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => readRecord(dataDir, basename(file, ".json")) ?? []);
}

/** The living processes of a cluster. */
export function livingRecords(dataDir: string): PartRecord[] {
  return readRecords(dataDir).filter(isAlive);
}

function fileOf(dataDir: string, name: string): string {
  return join(foldersOf(dataDir).records, `${name}.json`);
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
