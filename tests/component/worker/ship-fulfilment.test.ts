import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import { newId } from "../../../contracts/ids.ts";
import { DomainError } from "../../../mixins/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { hasAnswered, publishBody, publishMessage } from "../../support/publish-message.ts";
import { settingsFor, shipCommand, startPeers, startWorker } from "./worker-fixture.ts";

const ALL_STEPS = ["claim", "capture", "ship", "fulfil"];

class OrderNotClaimable extends DomainError {
  readonly code = "ORDER_NOT_CLAIMABLE";
}

let nats: TestNatsServer;
let connection: NatsConnection;
let peers: Awaited<ReturnType<typeof startPeers>>;
let node: Awaited<ReturnType<typeof startWorker>>;

beforeAll(async () => {
  nats = await startNatsServer();
  connection = await connect({ servers: nats.url });
  const settings = settingsFor(nats.url);
  peers = await startPeers(settings);
  node = await startWorker(settings);
});
afterAll(async () => {
  await node.stop();
  await peers.stop();
  await connection.close();
  await nats.stop();
});
beforeEach(() => peers.answerWith(() => {}));

const settled = () =>
  eventually(() => hasAnswered(connection, { stream: "COMMANDS", consumer: "worker--fulfilment-ship" }));

describe("The command fulfilment.ship", () => {
  test("claims, captures, ships and fulfils, as part of the request that caused it", async () => {
    const command = shipCommand();
    await publishMessage(connection, command, { requestId: "req-42" });
    await settled();
    expect(peers.stepsFor(command.message.subject)).toEqual(ALL_STEPS);
    const requests = peers.calls.filter(({ orderId }) => orderId === command.message.subject);
    expect(new Set(requests.map(({ requestId }) => requestId))).toEqual(new Set(["req-42"]));
  });

  test("that is delivered twice runs once", async () => {
    const command = shipCommand();
    await publishMessage(connection, command);
    await settled();
    await publishMessage(connection, command);
    await settled();
    expect(peers.stepsFor(command.message.subject)).toEqual(ALL_STEPS);
  });

  test("that comes late, for an order that was cancelled, captures and ships nothing", async () => {
    peers.answerWith(() => {
      throw new OrderNotClaimable("The order is cancelled");
    });
    const command = shipCommand();
    await publishMessage(connection, command);
    await settled();
    expect(peers.stepsFor(command.message.subject)).toEqual(["claim"]);
  });

  test("of a younger order does not wait for that of an older one", async () => {
    const [older, younger] = [shipCommand(), shipCommand()];
    peers.answerWith(({ orderId }) => {
      const isHeldUp = orderId === older.message.subject;
      if (isHeldUp && !peers.stepsFor(younger.message.subject).includes("fulfil")) throw new Error("not yet");
    });
    await publishMessage(connection, older);
    await publishMessage(connection, younger);
    await settled();
    expect(peers.stepsFor(older.message.subject).slice(-4)).toEqual(ALL_STEPS);
    expect(peers.stepsFor(younger.message.subject)).toEqual(ALL_STEPS);
  });

  test.each(["claim", "capture", "ship", "fulfil"] as const)(
    "runs all steps again when %s fails for now",
    async (failing) => {
      let failures = 0;
      peers.answerWith(({ call }) => {
        if (call === failing && failures++ === 0) throw new Error("the dependency is away");
      });
      const command = shipCommand();
      await publishMessage(connection, command);
      await settled();
      const firstTry = ALL_STEPS.slice(0, ALL_STEPS.indexOf(failing) + 1);
      expect(peers.stepsFor(command.message.subject)).toEqual([...firstTry, ...ALL_STEPS]);
    },
  );

  test("that is poisoned places no call and blocks no other", async () => {
    const before = peers.calls.length;
    const { message } = shipCommand();
    const subject = `commands.fulfilment.ship.${message.subject}`;
    await publishBody(connection, subject, "{");
    await publishBody(connection, subject, JSON.stringify({ ...message, data: { orderId: "ord_1" } }));
    await publishBody(connection, subject, JSON.stringify({ ...message, schemaVersion: 99 }));
    const healthy = shipCommand(newId("ord", Date.now()));
    await publishMessage(connection, healthy);
    await eventually(() => peers.stepsFor(healthy.message.subject).length === 4);
    expect(peers.calls.length - before).toBe(4);
  });
});
