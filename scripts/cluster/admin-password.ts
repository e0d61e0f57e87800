/** The first admin's random password: kept until it has been printed once, so that an interrupted start loses nothing. */
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { foldersOf, writePrivateFile } from "./folders.ts";

/** The password that waits to be printed; undefined when there is none. */
export function readAdminPassword(dataDir: string): string | undefined {
  try {
    return readFileSync(foldersOf(dataDir).adminPassword, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes a password up, unless one waits to be printed already. */
export function ensureAdminPassword(dataDir: string): string {
  const waiting = readAdminPassword(dataDir);
  if (waiting) return waiting;
  const password = randomBytes(15).toString("base64url");
  writePrivateFile(foldersOf(dataDir).adminPassword, password);
  return password;
}

export function forgetAdminPassword(dataDir: string): void {
  rmSync(foldersOf(dataDir).adminPassword, { force: true });
}
