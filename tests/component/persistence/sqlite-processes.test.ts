import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { type ConnectedStore, insert } from "../../../mixins/persistence/store.ts";
import { runProcess, startProcess } from "../../support/processes.ts";
import { collections, entries, levels } from "./shared-collections.ts";
import { temporaryFolder } from "./temp-folder.ts";

const SCRIPT = "tests/component/persistence/committing-process.ts";

describe("Several processes on one SQLite file", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let store: ConnectedStore;

  beforeEach(async () => {
    folder = temporaryFolder();
    file = join(folder.path, "store.sqlite");
    store = createSqliteStore({ file, collections });
    await store.connect();
  });
  afterEach(async () => {
    await store.disconnect();
    folder.remove();
  });

  test("conserve stock, wait for each other less than a second, and never show half a batch", async () => {
    const both = ["left", "right"].map((name) => insert(levels, { name, units: 50 }));
    await store.commit(both);
    const processes = await Promise.all(
      ["one", "two"].map((name) =>
        startProcess(SCRIPT, ["transfer", file, name, "1500"], {}, { ready: /^ready$/ }),
      ),
    );
    let running = true;
    const ended = Promise.all(processes.map(({ exited }) => exited)).then(() => {
      running = false;
    });
    const sums = new Set<number>();
    while (running) {
      const seen = await store.find(levels);
      sums.add(seen.reduce((sum, { units }) => sum + units, 0));
      await nextTurn();
    }
    await ended;
    expect([...sums]).toEqual([100]);

    const reports = processes.map(({ lines }) => JSON.parse(lines.at(-1) as string));
    const total = reports.reduce((sum, { commits }) => sum + commits, 0);
    expect(await store.count(entries)).toBe(total);
    for (const { commits, longestMs } of reports) {
      expect(longestMs).toBeLessThan(1_000);
      expect(commits).toBeGreaterThan(total / 10);
    }
  });

  test("lose no acknowledged commit by kill -9 in the middle of commits, and keep no half batch", async () => {
    for (const round of ["first", "second", "third"]) {
      const victim = await startProcess(SCRIPT, ["journal", file, round], {}, { ready: /^acknowledged/ });
      await victim.waitForLine(new RegExp(`^acknowledged ${round}-0-[3-9]\\d$`));
      await victim.kill();

      const acknowledged = victim.lines.map((line) => line.replace("acknowledged ", ""));
      for (const batch of acknowledged) expect(await store.count(entries, { where: { batch } })).toBe(3);
      const stored = await store.find(entries);
      expect(stored.length).toBe(new Set(stored.map(({ batch }) => batch)).size * 3);
      expect(stored.length).toBeGreaterThanOrEqual(acknowledged.length * 3);
    }
  });

  test("can open new files at once", async () => {
    const first = String(Date.now() + 500);
    const names = ["one", "two", "three"];
    const exits = await Promise.all(
      names.map((name) => runProcess(SCRIPT, ["openAtOnce", folder.path, name, first])),
    );
    expect(exits.map(({ lines }) => lines)).toEqual(names.map(() => ["done"]));
    for (let index = 0; index < 15; index++) {
      const opened = createSqliteStore({ file: join(folder.path, `${index}.sqlite`), collections });
      await opened.connect();
      expect(await opened.count(entries)).toBe(names.length);
      await opened.disconnect();
    }
  });
});
