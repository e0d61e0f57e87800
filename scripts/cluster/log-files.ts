import { closeSync, openSync, readdirSync, readSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { foldersOf } from "./folders.ts";

/** A log that is longer than this, in bytes, is set aside when its part is started; one old log is kept. */
const LONG_LOG = 32 * 2 ** 20;

export function logFileOf(dataDir: string, part: string): string {
  return join(foldersOf(dataDir).logs, `${part}.log`);
}

/** The log files of all parts that ever wrote one. */
export function logFilesOf(dataDir: string): string[] {
  const { logs } = foldersOf(dataDir);
  try {
    return readdirSync(logs)
      .filter((name) => name.endsWith(".log"))
      .map((name) => join(logs, name));
  } catch {
    return [];
  }
}

/** Opens a part's log to append to it; the caller closes the descriptor. */
export function openLog(dataDir: string, part: string): number {
  const file = logFileOf(dataDir, part);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LONG_LOG) renameSync(file, `${file}.1`);
  return openSync(file, "a", 0o600);
}

/** The last lines of a file, or none when there is no such file. */
export function lastLines(file: string, count: number): string[] {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const bytes = Math.min(size, 64 * 1024);
  if (bytes === 0) return [];
  const buffer = Buffer.alloc(bytes);
  const descriptor = openSync(file, "r");
  readSync(descriptor, buffer, 0, bytes, size - bytes);
  closeSync(descriptor);
  return buffer.toString("utf8").trimEnd().split("\n").slice(-count);
}

/** The part that writes to a log file. */
export function partOfLog(file: string): string {
  return basename(file, ".log");
}
