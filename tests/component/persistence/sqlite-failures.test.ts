import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { type ConnectedStore, insert, StoreUnavailable } from "../../../mixins/persistence/store.ts";
import { collections, entries } from "./shared-collections.ts";
import { temporaryFolder } from "./temp-folder.ts";

const entry = (id: string) => insert(entries, { id, batch: "test" });

describe("A SQLite store in trouble", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let store: ConnectedStore;
  let lockHolder: DatabaseSync;

  beforeEach(async () => {
    folder = temporaryFolder();
    file = join(folder.path, "store.sqlite");
    store = createSqliteStore({ file, collections, busyTimeoutMs: 2_000 });
    await store.connect();
    lockHolder = new DatabaseSync(file);
  });
  afterEach(async () => {
    lockHolder.close();
    await store.disconnect();
    folder.remove();
  });

  test("waits for another process's lock without blocking the event loop", async () => {
    lockHolder.exec("BEGIN IMMEDIATE");
    const commit = store.commit([entry("a")]);
    // Only a loop that goes on turning gives the lock back.
    let turns = 0;
    const ticking = setInterval(() => {
      if (++turns === 10) lockHolder.exec("COMMIT");
    }, 5);
    await commit.finally(() => clearInterval(ticking));
    expect(await store.count(entries)).toBe(1);
  });

  test("answers reads while another process holds the lock", async () => {
    await store.commit([entry("a")]);
    lockHolder.exec("BEGIN IMMEDIATE; DELETE FROM entries");
    expect(await store.count(entries)).toBe(1);
    lockHolder.exec("ROLLBACK");
  });

  test("is unavailable and unhealthy while a process sits on the lock, and recovers by itself", async () => {
    lockHolder.exec("BEGIN IMMEDIATE");
    let answered = false;
    const commit = store.commit([entry("a")]).finally(() => {
      answered = true;
    });
    commit.catch(() => {});
    await until(() => !store.isHealthy());
    expect(answered).toBe(false);
    await expect(commit).rejects.toThrow(StoreUnavailable);
    expect(store.isHealthy()).toBe(false);

    lockHolder.exec("ROLLBACK");
    expect(store.isHealthy()).toBe(true);
    expect(await store.count(entries)).toBe(0);
    await store.commit([entry("a")]);
  });

  test("is unhealthy when its file is gone: what it takes then, nobody will find", async () => {
    rmSync(file);
    expect(store.isHealthy()).toBe(false);
  });

  test("writes nothing of a batch that does not fit on the disk, and is unhealthy until there is room", async () => {
    const script = join(import.meta.dirname, "committing-process.ts");
    const filled = join(folder.path, "filled.sqlite");
    // A limit on the size of files is what a full disk looks like to the process.
    const { stdout } = await promisify(execFile)("sh", [
      "-c",
      'ulimit -f 400; exec "$0" "$@"',
      process.execPath,
      script,
      "fill",
      filled,
      "big",
    ]);
    const { acknowledged, asUnavailable, stored } = JSON.parse(stdout);
    expect(acknowledged).toBeGreaterThan(0);
    expect(asUnavailable).toBe(true);
    expect(stored).toBe(acknowledged * 2);

    const later = createSqliteStore({ file: filled, collections });
    await later.connect();
    expect(await later.count(entries)).toBe(stored);
    await later.commit([entry("there is room again")]);
    await later.disconnect();
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("The condition did not come true within 5 s");
    await new Promise((next) => setTimeout(next, 10));
  }
}
