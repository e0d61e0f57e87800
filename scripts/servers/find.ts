import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A server's program on this machine. */
export interface Program {
  readonly file: string;
  /** Such as `2.10.27`. */
  readonly version: string;
}

/** Servers live in folders that the PATH of a plain user often lacks. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
/** Where Debian's packages keep their programs. */
const PACKAGE_FOLDERS = ["usr/sbin", "usr/bin"];

/** The first program of that name that is new enough: on the PATH, in the system's folders, or fetched. */
export function findServer(
  { program, atLeast }: { program: string; atLeast: string },
  { path, folder }: { path: string; folder: string },
): Program | undefined {
  const folders = [
    ...path.split(delimiter).filter(Boolean),
    ...SYSTEM_FOLDERS,
    ...PACKAGE_FOLDERS.map((inPackage) => join(folder, program, inPackage)),
  ];
  for (const file of folders.map((candidate) => join(candidate, program))) {
    const version = versionOf(file);
    if (version && isAtLeast(version, atLeast)) return { file, version };
  }
  return undefined;
}

/** Compares dotted versions by number: 2.10.0 is at least 2.9.0. */
export function isAtLeast(version: string, least: string): boolean {
  const [ours, theirs] = [version, least].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (const [index, number] of theirs.entries()) {
    const difference = (ours[index] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function versionOf(file: string): string | undefined {
  try {
    accessSync(file, constants.X_OK);
    const output = execFileSync(file, ["--version"], { encoding: "utf8", timeout: 10_000 });
    return /(\d+\.\d+\.\d+)/.exec(output)?.[1];
  } catch {
    return undefined;
  }
}
