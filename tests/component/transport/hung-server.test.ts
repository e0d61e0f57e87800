import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { startProcess } from "../../support/processes.ts";

/** What a supervisor waits after SIGTERM, and less. */
const SHUTDOWN_MS = 10_000;

let nats: TestNatsServer;
let folder: string;
beforeEach(async () => {
  nats = await startNatsServer();
  folder = mkdtempSync(join(tmpdir(), "orders-hung-"));
});
afterEach(async () => {
  nats.resume();
  await nats.stop();
  rmSync(folder, { recursive: true });
});

test.each(["orders", "worker"])(
  "a node of %s stops with exit code 0 in its time although the NATS server hangs",
  async (service) => {
    const node = await startProcess("scripts/node.ts", [`services/${service}`], {
      NATS_URL: nats.url,
      PAYMENT_URL: "http://127.0.0.1:9",
      DATA_DIR: folder,
    });
    nats.pause();
    expect(await node.stop(SHUTDOWN_MS)).toEqual({ code: 0, signal: null });
  },
  30_000,
);
