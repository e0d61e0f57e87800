/** The commands that docs/operate.md shows for stores, run as they stand there. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { newId } from "../../contracts/ids.ts";
import { createMessage } from "../../mixins/messaging/message.ts";
import { createOutbox, messagingCollections, outboxRows } from "../../mixins/messaging/outbox.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore } from "../../mixins/persistence/store.ts";
import { worker } from "../../services/worker/contract.ts";

const ROOT = join(import.meta.dirname, "../..");

let folder: string;
let store: ConnectedStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "docs-"));
  store = openStore(join(folder, "data/orders.sqlite"));
  await store.connect();
});
afterEach(async () => {
  await store.disconnect();
  rmSync(folder, { recursive: true });
});

const openStore = (file: string) => createSqliteStore({ file, collections: messagingCollections });

/** Leaves a message in the outbox that nobody publishes; @returns its id */
async function leaveMessage(): Promise<string> {
  const orderId = newId("ord", 1);
  const message = createMessage(worker.commands.shipFulfilment, {
    subject: orderId,
    version: 1,
    data: { orderId },
    nowMs: 1,
  });
  await createOutbox({ store }).commit({ writes: [], messages: [message] });
  return message.message.id;
}

/** Runs the one command of the page that has these words in it, with `./data` and `./backup` in the test's folder. */
function runCommandWith(words: string): string {
  const page = readFileSync(join(ROOT, "docs/operate.md"), "utf8");
  const blocks = [...page.matchAll(/^( *)```sh\n([\s\S]*?)^ *```/gm)].filter(([, , block]) =>
    block?.includes(words),
  );
  expect(blocks).toHaveLength(1);
  const [[, indent = "", block = ""] = []] = blocks;
  const command = block
    .replace(new RegExp(`^${indent}`, "gm"), "")
    .replace(/\.\/(data|backup)/g, (_, name) => join(folder, name));
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: ROOT, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

test("a back-up of a store that is open has all that was committed", async () => {
  const id = await leaveMessage();
  runCommandWith("backup(new DatabaseSync");
  await leaveMessage();
  const copy = openStore(join(folder, "backup/orders.sqlite"));
  await copy.connect();
  expect((await copy.find(outboxRows)).map((row) => row.id)).toEqual([id]);
  await copy.disconnect();
});

test("the query for messages that wait shows them", async () => {
  expect(runCommandWith("from outbox").trim()).toBe("[]");
  const id = await leaveMessage();
  expect(runCommandWith("from outbox")).toContain(id);
});
