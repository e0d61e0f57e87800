import { spawn } from "node:child_process";
import { appendFileSync, closeSync } from "node:fs";
import { ROOT } from "../command.ts";
import { type Part, withoutSettings } from "./layout.ts";
import { logFileOf, openLog } from "./log-files.ts";
import { ended, identify, isAlive } from "./processes.ts";
import { readRecord, writeRecord } from "./records.ts";

/** A process of a part; `ended` resolves, in words, to how it ended. */
export interface Running {
  readonly pid: number | undefined;
  readonly startedAtMs: number;
  readonly ended: Promise<string>;
}

/** Starts a part's process, on its own: it outlives us, writes to its log, and its record tells others of it. */
export function launch(part: Part, dataDir: string, { restarts }: { restarts: number }): Running {
  const log = openLog(dataDir, part.name);
  const startedAtMs = Date.now();
  const child = spawn(part.command, part.args, {
    cwd: ROOT,
    env: { ...withoutSettings(process.env), ...part.environment },
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  const id = child.pid === undefined ? undefined : identify(child.pid);
  if (id) {
    const startedAt = new Date(startedAtMs).toISOString();
    writeRecord(dataDir, { ...id, name: part.name, role: part.role, startedAt, restarts });
  }
  const end = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`));
    child.once("error", (error) => {
      appendFileSync(logFileOf(dataDir, part.name), `${error.message}\n`);
      resolve(error.message);
    });
  });
  return { pid: child.pid, startedAtMs, ended: end };
}

/** Takes over a part's process that another supervisor started; undefined when none is alive. */
export function adopt(part: Part, dataDir: string): Running | undefined {
  const record = readRecord(dataDir, part.name);
  if (!record || !isAlive(record)) return undefined;
  return {
    pid: record.pid,
    startedAtMs: Date.parse(record.startedAt),
    ended: ended(record).then(() => "ended"),
  };
}
