import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import { ensureStreams } from "../../../mixins/messaging/streams.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { countLetters, letterOf, type SeenLetter } from "../../support/dead-letters.ts";
import { eventually } from "../../support/eventually.ts";
import { boiled, effects } from "../../support/messaging-fixture.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { hasAnswered, publishMessage } from "../../support/publish-message.ts";

const consumer = "kettle--kettle-boiled";
const innocent = Array.from({ length: 10 }, (_, index) => `innocent-${index}`);

let nats: TestNatsServer;
let connection: NatsConnection;
let folder: string;
let file: string;
let supervised: Supervised;

beforeEach(async () => {
  nats = await startNatsServer();
  connection = await connect({ servers: nats.url });
  await ensureStreams(await connection.jetstreamManager());
  folder = mkdtempSync(join(tmpdir(), "orders-killers-"));
  file = join(folder, "kettle.sqlite");
});
afterEach(async () => {
  await supervised.stop();
  await connection.close();
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Supervised {
  /** How often the process was killed. */
  readonly deaths: () => number;
  stop(): Promise<void>;
}

/** Runs the kettle service in a process of its own, and starts it again whenever it dies. */
function supervise(): Supervised {
  let deaths = 0;
  let stopping = false;
  let child: ChildProcess;
  let ended: Promise<unknown>;
  const run = () => {
    child = spawn(process.execPath, [join(import.meta.dirname, "kettle-process.ts"), nats.url, file], {
      stdio: "ignore",
    });
    ended = once(child, "exit").then(([, signal]) => {
      if (stopping) return;
      if (signal === "SIGKILL") deaths += 1;
      run();
    });
  };
  run();
  return {
    deaths: () => deaths,
    async stop() {
      stopping = true;
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function effectIds(): Promise<string[]> {
  const store = createSqliteStore({ file, collections: [effects] });
  await store.connect();
  const found = await store.find(effects);
  await store.disconnect();
  return found.map(({ id }) => id).sort();
}

const isAnswered = () => hasAnswered(connection, { stream: "EVENTS", consumer });

describe("a message that kills its process", () => {
  const killer = boiled("killer");
  const findLetter = () => letterOf(connection, { consumer, eventId: killer.message.id });

  test("is a dead letter in the end, and the ten in flight beside it are all handled", async () => {
    for (const id of innocent.slice(0, 5)) await publishMessage(connection, boiled(id));
    await publishMessage(connection, killer);
    for (const id of innocent.slice(5)) await publishMessage(connection, boiled(id));
    supervised = supervise();

    const letter = (await eventually(findLetter, { timeoutMs: 60_000 })) as SeenLetter;
    expect(letter.error).toEqual({
      code: "KILLED_ITS_PROCESS",
      message: "The message killed its process, 2 times while it was alone",
    });
    await eventually(isAnswered, { timeoutMs: 30_000 });
    expect(await effectIds()).toEqual(innocent);
    expect(await countLetters(connection)).toBe(1);
    // Three beside others, two alone.
    expect(supervised.deaths()).toBe(5);
  }, 120_000);

  test("comes to its end also while copies of it are published all the time", async () => {
    await publishMessage(connection, killer);
    const copying = setInterval(() => void publishMessage(connection, killer), 700);
    for (const id of innocent) await publishMessage(connection, boiled(id));
    supervised = supervise();

    await eventually(findLetter, { timeoutMs: 90_000 }).finally(() => clearInterval(copying));
    await eventually(isAnswered, { timeoutMs: 30_000 });
    expect(await effectIds()).toEqual(innocent);
    expect(await countLetters(connection)).toBe(1);
  }, 150_000);
});
