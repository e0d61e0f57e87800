import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createLeases, type Leases, leases as leaseRows } from "../../../mixins/persistence/lease.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore } from "../../../mixins/persistence/store.ts";
import { temporaryFolder } from "./temp-folder.ts";

describe("A lease", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: ConnectedStore;
  let leases: Leases;
  let now: number;
  beforeEach(async () => {
    folder = temporaryFolder();
    const file = join(folder.path, "store.sqlite");
    store = createSqliteStore({ file, collections: [leaseRows] });
    await store.connect();
    now = 1_000;
    leases = createLeases({ store, clock: () => now });
  });
  afterEach(async () => {
    await store.disconnect();
    folder.remove();
  });

  test("is held by one at a time", async () => {
    expect(await leases.acquire("expiry", "one", 100)).toBe(true);
    expect(await leases.acquire("expiry", "two", 100)).toBe(false);
    expect(await leases.acquire("reconciler", "two", 100)).toBe(true);
  });

  test("tells who has it, as long as it lasts", async () => {
    expect(await leases.holderOf("expiry")).toBeUndefined();
    await leases.acquire("expiry", "one", 100);
    expect(await leases.holderOf("expiry")).toBe("one");
    now += 100;
    expect(await leases.holderOf("expiry")).toBeUndefined();
  });

  test("goes to exactly one of many that want it at once, new or expired", async () => {
    const racing = () =>
      Promise.all(Array.from({ length: 10 }, (_, index) => leases.acquire("expiry", `${now}-${index}`, 100)));
    expect((await racing()).filter(Boolean)).toHaveLength(1);
    now += 100;
    expect((await racing()).filter(Boolean)).toHaveLength(1);
  });

  test("is prolonged by its holder, and only so long", async () => {
    await leases.acquire("expiry", "one", 100);
    now += 99;
    expect(await leases.acquire("expiry", "one", 100)).toBe(true);
    now += 99;
    expect(await leases.acquire("expiry", "two", 100)).toBe(false);
    now += 1;
    expect(await leases.acquire("expiry", "two", 100)).toBe(true);
    expect(await leases.acquire("expiry", "one", 100)).toBe(false);
  });

  test("is free once its holder gives it back", async () => {
    await leases.acquire("expiry", "one", 100);
    await leases.release("expiry", "one");
    expect(await leases.acquire("expiry", "two", 100)).toBe(true);
  });

  test("is not given back by one who has lost it, or never had it", async () => {
    await leases.release("expiry", "one");
    await leases.acquire("expiry", "one", 100);
    now += 100;
    await leases.acquire("expiry", "two", 100);
    await leases.release("expiry", "one");
    expect(await leases.acquire("expiry", "three", 100)).toBe(false);
  });
});
