/**
 * A process that commits to a store of its own or one that it shares:
 * `node committing-process.ts <what> <file or folder> <name> [number]`
 */
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { adjust, CommitConflict, insert, StoreUnavailable } from "../../../mixins/persistence/store.ts";
import { collections, entries, levels } from "./shared-collections.ts";

const [what, place, name, number] = process.argv.slice(2) as [string, string, string, string];
const open = (file: string) => createSqliteStore({ file, collections });
const modes: Record<string, () => Promise<void>> = { transfer, journal, openAtOnce, fill };
await modes[what]?.();

/** Moves units between two levels for `number` ms, from four sides at once; prints what was done. */
async function transfer() {
  const store = open(place);
  await store.connect();
  console.log("ready");
  const end = performance.now() + Number(number);
  let commits = 0;
  let longestMs = 0;
  const side = async (index: number) => {
    const [from, to] = index % 2 ? ["left", "right"] : ["right", "left"];
    while (performance.now() < end) {
      const start = performance.now();
      await store
        .commit([
          adjust(levels, from as string, { units: -1 }),
          insert(entries, { id: `${name}-${index}-${commits}`, batch: name }),
          adjust(levels, to as string, { units: 1 }),
        ])
        .then(() => commits++)
        .catch((error) => {
          if (!(error instanceof CommitConflict)) throw error;
        });
      longestMs = Math.max(longestMs, performance.now() - start);
    }
  };
  await Promise.all([0, 1, 2, 3].map(side));
  await store.disconnect();
  console.log(JSON.stringify({ commits, longestMs }));
}

/** Commits batches of three until it is killed; prints the name of each batch once it is acknowledged. */
async function journal() {
  const store = open(place);
  await store.connect();
  const side = async (index: number) => {
    for (let count = 0; ; count++) {
      const batch = `${name}-${index}-${count}`;
      await store.commit(["a", "b", "c"].map((part) => insert(entries, { id: `${batch}-${part}`, batch })));
      console.log(`acknowledged ${batch}`);
    }
  };
  await Promise.all([0, 1, 2].map(side));
}

/** Opens one new file after the other, each at a moment that other processes share; `number` is the first one. */
async function openAtOnce() {
  for (let index = 0; index < 15; index++) {
    await setTimeout(Math.max(0, Number(number) + index * 30 - Date.now()));
    const store = open(join(place, `${index}.sqlite`));
    await store.connect();
    await store.commit([insert(entries, { id: name, batch: name })]);
    await store.disconnect();
  }
  console.log("done");
}

/** Commits for as long as the store is healthy, failures and all; prints what it was told and what is there. */
async function fill() {
  const store = open(place);
  await store.connect();
  const failures: unknown[] = [];
  let acknowledged = 0;
  let inRow = 0;
  for (let index = 0; store.isHealthy(); index++) {
    const document = { id: `${name}-${index}`, batch: "x".repeat(4_000) };
    try {
      await store.commit([
        insert(entries, document),
        insert(entries, { ...document, id: `${name}-${index}-2` }),
      ]);
      acknowledged++;
      inRow = 0;
    } catch (error) {
      failures.push(error);
      if (++inRow > 1) throw new Error("The store said that it was healthy, and was not", { cause: error });
    }
  }
  const asUnavailable = failures.length > 0 && failures.every((error) => error instanceof StoreUnavailable);
  console.log(JSON.stringify({ acknowledged, asUnavailable, stored: await store.count(entries) }));
  await store.disconnect();
}
