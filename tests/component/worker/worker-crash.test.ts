import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { type RunningProcess, startProcess } from "../../support/processes.ts";
import { publishMessage } from "../../support/publish-message.ts";
import { settingsFor, shipCommand, startPeers } from "./worker-fixture.ts";

let nats: TestNatsServer;
let connection: NatsConnection;
let peers: Awaited<ReturnType<typeof startPeers>>;
let env: Readonly<Record<string, string>>;
const processes: RunningProcess[] = [];

beforeAll(async () => {
  nats = await startNatsServer();
  connection = await connect({ servers: nats.url });
  const settings = settingsFor(nats.url);
  env = { NATS_URL: nats.url, DATA_DIR: settings.DATA_DIR };
  peers = await startPeers(settings);
});
afterEach(async () => {
  await Promise.all(processes.map((running) => running.kill()));
});
afterAll(async () => {
  await peers.stop();
  await connection.close();
  await nats.stop();
});

async function startWorkerProcess(nodeId: string): Promise<RunningProcess> {
  const running = await startProcess("scripts/node.ts", ["services/worker", "--id", nodeId], env);
  processes.push(running);
  return running;
}

describe("A worker process", () => {
  test("that is killed between capture and shipment leaves the whole command to the next one", async () => {
    const captured = Promise.withResolvers<void>();
    peers.answerWith(({ call }) => {
      if (call !== "capture") return;
      captured.resolve();
      return new Promise(() => {});
    });
    const first = await startWorkerProcess("worker-1");
    const command = shipCommand();
    const steps = () => peers.stepsFor(command.message.subject);
    await publishMessage(connection, command);
    await captured.promise;
    await first.kill();

    peers.answerWith(() => {});
    await startWorkerProcess("worker-2");
    await eventually(() => steps().includes("fulfil"), { timeoutMs: 20_000 });
    expect(steps()).toEqual(["claim", "capture", "claim", "capture", "ship", "fulfil"]);
  }, 40_000);
});
