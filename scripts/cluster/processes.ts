/** Processes by identity: a pid alone may belong to somebody else by now, with its start time it cannot. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface ProcessId {
  readonly pid: number;
  /** Opaque; with the pid it names one process for ever. */
  readonly startTime: string;
}

const onLinux = process.platform === "linux";

/** Identifies a living process; undefined when there is none (a zombie is none). */
export function identify(pid: number): ProcessId | undefined {
  const startTime = onLinux ? startTimeFromProc(pid) : startTimeFromPs(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether exactly this process still runs. */
export function isAlive({ pid, startTime }: ProcessId): boolean {
  return identify(pid)?.startTime === startTime;
}

/** Sends a signal to exactly this process; does nothing when it is gone. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Resolves to true once the process has ended, to false when it still runs after `timeoutMs`. */
export async function ended(id: ProcessId, { timeoutMs = Number.POSITIVE_INFINITY } = {}): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(id)) {
    if (Date.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

/** SIGTERM, and SIGKILL if it still runs after `graceMs`. Resolves once it has ended. */
export async function stopProcess(id: ProcessId, { graceMs }: { graceMs: number }): Promise<void> {
  signal(id, "SIGTERM");
  if (await ended(id, { timeoutMs: graceMs })) return;
  signal(id, "SIGKILL");
  await ended(id, { timeoutMs: 1_000 });
}

/** Memory of a process in bytes: PSS where the system knows it (shared pages count in part), else RSS. */
export function memoryOf(pid: number): number {
  try {
    if (!onLinux) return 1024 * Number(ps(pid, "rss="));
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return 1024 * Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function startTimeFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    if (state === "Z" || state === "X") return undefined;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    const [state, ...started] = ps(pid, "stat=,lstart=").split(/\s+/);
    return state === undefined || state.startsWith("Z") ? undefined : started.join(" ");
  } catch {
    return undefined;
  }
}

function ps(pid: number, fields: string): string {
  return execFileSync("ps", ["-o", fields, "-p", String(pid)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
