import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "@jest/globals";
import {
  ended,
  identify,
  isAlive,
  memoryOf,
  type ProcessId,
  signal,
  stopProcess,
} from "../../../scripts/cluster/processes.ts";

const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) if (identify(pid)) process.kill(pid, "SIGKILL");
});

function start(source: string): { id: ProcessId; exited: Promise<unknown[]>; ready: Promise<unknown[]> } {
  const child = spawn(process.execPath, [
    "-e",
    `${source}; console.log("ready"); setInterval(() => {}, 1000)`,
  ]);
  const pid = child.pid as number;
  started.push(pid);
  return { id: identify(pid) as ProcessId, exited: once(child, "exit"), ready: once(child.stdout, "data") };
}

test("a process is alive until it ends", async () => {
  const { id, exited } = start("");
  expect(isAlive(id)).toBe(true);
  signal(id, "SIGKILL");
  await exited;
  expect(isAlive(id)).toBe(false);
  expect(identify(id.pid)).toBeUndefined();
});

test("another process with the same pid is not it, and gets no signal", () => {
  const { id } = start("");
  const former = { ...id, startTime: "long ago" };
  expect(isAlive(former)).toBe(false);
  signal(former, "SIGKILL");
  expect(isAlive(id)).toBe(true);
});

test("a process that ends on SIGTERM is not killed", async () => {
  const { id, exited, ready } = start('process.on("SIGTERM", () => process.exit(7))');
  await ready;
  await stopProcess(id, { graceMs: 5_000 });
  expect(await exited).toEqual([7, null]);
});

test("a process that ignores SIGTERM is killed after its grace", async () => {
  const { id, exited, ready } = start('process.on("SIGTERM", () => {})');
  await ready;
  await stopProcess(id, { graceMs: 100 });
  expect(await exited).toEqual([null, "SIGKILL"]);
});

test("waiting for the end of a process has a limit", async () => {
  const { id } = start("");
  expect(await ended(id, { timeoutMs: 20 })).toBe(false);
});

test("the memory of a process is known, and that of none is 0", () => {
  expect(memoryOf(process.pid)).toBeGreaterThan(10 * 2 ** 20);
  expect(memoryOf(2 ** 30)).toBe(0);
});
