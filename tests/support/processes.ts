/** Starts processes of the project for tests: real ones, each ended by its own pid. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PROJECT_ROOT = join(import.meta.dirname, "../..");

/** What the sandboxes and the nodes print when they are ready. */
const READY = /"listening":|broker with \d+ service\(s\) started/i;

export interface Exit {
  /** Null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  /** The line that told that the process is ready, parsed when it is JSON. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** All that was printed so far, stdout and stderr, line by line. */
  readonly lines: readonly string[];
  readonly exited: Promise<Exit>;
  /** The first line that fits, printed already or to come; rejects after `timeoutMs` or when the process ends. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** SIGTERM, then waits for the end; kills and rejects when that takes longer than `timeoutMs`. */
  stop(timeoutMs?: number): Promise<Exit>;
  /** `kill -9`, then waits for the end. */
  kill(): Promise<Exit>;
}

type Environment = Readonly<Record<string, string>>;

/**
 * Starts `node <script> <args>` in the project's root and waits for its ready line.
 * @param env all that the process sees of the environment, apart from PATH
 * @throws {Error} with the output, when the process ends or is silent for too long
 */
export async function startProcess(
  script: string,
  args: readonly string[] = [],
  env: Environment = {},
  { ready = READY, timeoutMs = 30_000 } = {},
): Promise<RunningProcess> {
  const { child, lines, exited } = launch(script, args, env);
  const running = {
    pid: child.pid as number,
    lines,
    exited,
    waitForLine: (pattern: RegExp, limitMs = 10_000) => nextLine({ child, lines, exited }, pattern, limitMs),
    stop: (limitMs = 10_000) => end(child, exited, limitMs),
    kill: () => {
      child.kill("SIGKILL");
      return exited;
    },
  };
  try {
    return { ...running, ready: parse(await running.waitForLine(ready, timeoutMs)) };
  } catch (error) {
    await running.kill();
    throw error;
  }
}

/** Runs `node <script> <args>` to its end, for what is expected to stop by itself. */
export async function runProcess(
  script: string,
  args: readonly string[] = [],
  env: Environment = {},
): Promise<Exit & { readonly lines: readonly string[] }> {
  const { lines, exited } = launch(script, args, env);
  return { ...(await exited), lines };
}

interface Launched {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly exited: Promise<Exit>;
}

function launch(script: string, args: readonly string[], env: Environment): Launched {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: PROJECT_ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      child.emit("line", line);
    });
  }
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    // "close" and not "exit": by then all output has been read.
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  exited.catch(() => {});
  return { child, lines, exited };
}

function nextLine({ child, lines, exited }: Launched, pattern: RegExp, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      settle(() => reject(new Error(`${why} before a line like ${pattern}:\n${lines.join("\n")}`)));
    const look = (line: string) => {
      if (pattern.test(line)) settle(() => resolve(line));
    };
    const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      child.off("line", look);
      outcome();
    };
    child.on("line", look);
    exited.then(
      ({ code, signal }) => fail(`The process ended with ${code ?? signal}`),
      (error) => fail(`The process did not start (${error})`),
    );
    const printed = lines.find((line) => pattern.test(line));
    if (printed !== undefined) look(printed);
  });
}

async function end(child: ChildProcess, exited: Promise<Exit>, timeoutMs: number): Promise<Exit> {
  child.kill("SIGTERM");
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const exit = await exited.finally(() => clearTimeout(timer));
  if (late) throw new Error(`The process ${child.pid} did not end within ${timeoutMs} ms of SIGTERM`);
  return exit;
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    return { line };
  }
}
