/** How every command of `make` begins and ends: settings in, one sentence and exit code 1 when it cannot be done. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { BadSetting, readSettings, type Settings } from "../settings.ts";

/** The project's root. */
export const ROOT = join(import.meta.dirname, "..");

/** Why a command cannot be done; the message is a sentence for the person who typed it. */
export class CannotDo extends Error {
  readonly code = "CANNOT_DO";
}

/** What a command that is done leaves for its last output. */
const LINGER_MS = 1_000;

/** What a command gets: the settings, with an absolute DATA_DIR, and the environment that they came from. */
export interface CommandInput {
  readonly settings: Settings;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Runs a command with the settings of the environment and, behind it, of the project's `.env` file.
 * @param command answers the exit code
 * @param reads the settings that the command looks at; a bad one among the others must not keep it from its work
 */
export async function runCommand(
  command: (input: CommandInput) => Promise<number>,
  { reads }: { reads?: readonly (keyof Settings)[] } = {},
): Promise<void> {
  process.stdout.on("error", endQuietlyWhenNobodyReads);
  keepFilesPrivate();
  try {
    process.exitCode = await command(readInput(reads));
  } catch (error) {
    const expected = error instanceof BadSetting || error instanceof CannotDo;
    console.error(expected ? error.message : error);
    process.exitCode = 1;
  }
  // A server that hangs keeps its connection open, and that would keep us.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** Stores, mails and logs hold customers' data and the keys that tokens are signed with: all processes inherit this. */
export function keepFilesPrivate(): void {
  process.umask(0o077);
}

function readInput(reads: readonly (keyof Settings)[] | undefined): CommandInput {
  const envFile = join(ROOT, ".env");
  if (existsSync(envFile)) process.loadEnvFile(envFile);
  const settings = readSettings(
    reads ? Object.fromEntries(reads.map((name) => [name, process.env[name]])) : process.env,
  );
  return { settings: { ...settings, DATA_DIR: resolve(settings.DATA_DIR) }, environment: process.env };
}

/** `make logs | head` closes our output: that is no failure. */
function endQuietlyWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
}
