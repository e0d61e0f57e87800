import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { tryLock, withLock } from "../../../scripts/cluster/lock.ts";

const LOCK_MODULE = join(import.meta.dirname, "../../../scripts/cluster/lock.ts");

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  file = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Another process that holds the lock until it is killed. */
async function holderOf(lockFile: string) {
  const source = `
    import { tryLock } from ${JSON.stringify(LOCK_MODULE)};
    globalThis.lock = tryLock(${JSON.stringify(lockFile)});
    console.log(Boolean(globalThis.lock));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source]);
  const [held] = await once(child.stdout, "data");
  expect(String(held).trim()).toBe("true");
  return child;
}

test("a lock that another process holds cannot be taken, until that process is killed", async () => {
  const holder = await holderOf(file);
  expect(tryLock(file)).toBeUndefined();
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const lock = tryLock(file);
  expect(lock).toBeDefined();
  lock?.release();
});

test("works that need the same lock run one after another", async () => {
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    events.push(`${name} ends`);
  };
  await Promise.all([withLock(file, work("one")), withLock(file, work("two"))]);
  expect(events).toEqual(["one begins", "one ends", "two begins", "two ends"]);
});

test("a lock is free again after work that failed", async () => {
  await expect(withLock(file, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(await withLock(file, async () => "done")).toBe("done");
});

test("whoever waits is told, and gives up in the end", async () => {
  const lock = tryLock(file);
  const waits: string[] = [];
  const work = withLock(file, async () => "done", { timeoutMs: 50, onWait: () => waits.push("waits") });
  await expect(work).rejects.toThrow("too long");
  expect(waits).toEqual(["waits"]);
  lock?.release();
});
