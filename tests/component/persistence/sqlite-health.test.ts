import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createHealth } from "../../../mixins/persistence/sqlite-health.ts";
import { temporaryFolder } from "./temp-folder.ts";

let folder: ReturnType<typeof temporaryFolder>;
let database: DatabaseSync;
let neighbour: DatabaseSync;
let health: ReturnType<typeof createHealth>;
let now: number;
beforeEach(() => {
  folder = temporaryFolder();
  const file = join(folder.path, "store.sqlite");
  database = new DatabaseSync(file, { timeout: 0 });
  database.exec("PRAGMA journal_mode = WAL");
  neighbour = new DatabaseSync(file, { timeout: 0 });
  now = 0;
  health = createHealth(file, { longestWaitMs: 1_000, clock: () => now });
  health.opened();
});
afterEach(() => {
  neighbour.close();
  database.close();
  folder.remove();
});

/** What the store is after so many milliseconds in which nobody commits, looked at twice a second. */
function afterIdle(durationMs: number): boolean {
  let isHealthy = true;
  for (const end = now + durationMs; now < end; now += 500) isHealthy = health.check(database);
  return isHealthy;
}

describe("A store in which nobody commits", () => {
  test("is healthy", () => {
    expect(afterIdle(60_000)).toBe(true);
  });

  test("is unhealthy within 3 s of the moment at which it takes no writes, and healthy again with the next one", () => {
    expect(afterIdle(2_000)).toBe(true);
    database.exec("PRAGMA query_only = ON");
    expect(afterIdle(2_500)).toBe(false);
    database.exec("PRAGMA query_only = OFF");
    expect(afterIdle(500)).toBe(true);
  });

  test("is unhealthy within 3 s of the moment at which a neighbour sits on its lock", () => {
    neighbour.exec("BEGIN IMMEDIATE");
    expect(afterIdle(3_000)).toBe(false);
    neighbour.exec("ROLLBACK");
    expect(afterIdle(500)).toBe(true);
  });

  test("stays healthy when a neighbour happens to commit each time that it looks, but not for long", () => {
    for (let times = 0; times < 10; times++) {
      expect(afterIdle(1_000)).toBe(true);
      neighbour.exec("BEGIN IMMEDIATE");
      expect(afterIdle(1_000)).toBe(true);
      neighbour.exec("ROLLBACK");
    }
  });

  test("writes nothing of its own while others commit through it", () => {
    database.exec("PRAGMA query_only = ON");
    for (let times = 0; times < 20; times++) {
      health.committed();
      expect(afterIdle(500)).toBe(true);
    }
  });
});
