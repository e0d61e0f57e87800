import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** What a package manager is asked for. */
export interface FetchRequest {
  readonly aptPackage: string;
  readonly brewFormula: string;
  /** Folder that the package's files go to, where the package manager lets us choose. */
  readonly target: string;
  /** The PATH to find the package manager on. */
  readonly path: string;
  readonly say: (line: string) => void;
}

/** Fetches a server; answers why it could not, in a few words, or undefined (also where there is no such package manager). */
export type Fetch = (request: FetchRequest) => Promise<string | undefined>;

const execute = promisify(execFile);
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** Where a program of the package manager is; undefined when it is not there. */
export function locate(name: string, path: string): string | undefined {
  const files = path.split(delimiter).map((folder) => join(folder, name));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a program of the package manager.
 * @throws {Error} it failed; the message is the last line that it wrote
 */
export async function run(file: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await execute(file, [...args], { cwd, timeout: DOWNLOAD_TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    throw new Error(stderr.trim().split("\n").at(-1) || message);
  }
}
