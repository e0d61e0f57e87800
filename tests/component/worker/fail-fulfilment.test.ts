import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import { DomainError } from "../../../mixins/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { hasAnswered, publishMessage } from "../../support/publish-message.ts";
import { type PlacedCall, settingsFor, shipCommand, startPeers, startWorker } from "./worker-fixture.ts";

/** A failure of the peers' domain, as it comes over the wire. */
class Refused extends DomainError {
  readonly code: string;
  constructor(code: string) {
    super(`refused: ${code}`);
    this.code = code;
  }
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
const reasonsFor = (orderId: string) =>
  peers.calls
    .filter((placed) => placed.orderId === orderId && placed.call === "fail")
    .map(({ reason }) => reason);

/** Peers that refuse one step for good, and no other call. */
const refuse = (step: PlacedCall["call"], code: string) =>
  peers.answerWith(({ call }) => {
    if (call === step) throw new Refused(code);
  });

/** Peers that refuse one step for good, and whose orders stay cancelled once their fulfilment has failed. */
function refuseAndRemember(step: PlacedCall["call"], code: string): void {
  const cancelled = new Set<string>();
  peers.answerWith(({ call, orderId }) => {
    if (call === "claim" && cancelled.has(orderId)) throw new Refused("ORDER_NOT_CLAIMABLE");
    if (call === "fail") cancelled.add(orderId);
    if (call === step) throw new Refused(code);
  });
}

describe("A fulfilment that fails for good", () => {
  test.each([
    ["capture", "PAYMENT_REFUSED", "payment_failed", ["claim", "capture", "fail"]],
    ["ship", "RESERVATION_NOT_HELD", "shipment_failed", ["claim", "capture", "ship", "fail"]],
    ["ship", "RESERVATION_NOT_FOUND", "shipment_failed", ["claim", "capture", "ship", "fail"]],
    ["fulfil", "PAYMENT_NOT_CAPTURED", "payment_failed", ["claim", "capture", "ship", "fulfil", "fail"]],
  ] as const)(
    "at %s with %s ends the order as %s, and takes no further step",
    async (step, code, reason, steps) => {
      refuse(step, code);
      const command = shipCommand();
      await publishMessage(connection, command, { requestId: "req-42" });
      await settled();
      const { subject } = command.message;
      expect(peers.stepsFor(subject)).toEqual(steps);
      expect(reasonsFor(subject)).toEqual([reason]);
      expect(peers.calls.filter(({ orderId }) => orderId === subject).at(-1)?.requestId).toBe("req-42");
    },
  );

  test("and is told of twice runs once", async () => {
    refuseAndRemember("capture", "PAYMENT_REFUSED");
    const command = shipCommand();
    await publishMessage(connection, command);
    await settled();
    await publishMessage(connection, command);
    await settled();
    expect(peers.stepsFor(command.message.subject)).toEqual(["claim", "capture", "fail"]);
  });

  test("and is asked for once more, late, changes nothing: the order can not be claimed", async () => {
    refuseAndRemember("ship", "RESERVATION_NOT_HELD");
    const first = shipCommand();
    const { subject } = first.message;
    await publishMessage(connection, first);
    await settled();
    await publishMessage(connection, shipCommand(subject));
    await settled();
    expect(peers.stepsFor(subject)).toEqual(["claim", "capture", "ship", "fail", "claim"]);
  });

  test("while the order can not be cancelled for now is tried until it is", async () => {
    let failures = 0;
    peers.answerWith(({ call }) => {
      if (call === "capture") throw new Refused("PAYMENT_REFUSED");
      if (call === "fail" && failures++ < 2) throw new Error("the dependency is away");
    });
    const command = shipCommand();
    await publishMessage(connection, command);
    await settled();
    const oneTry = ["claim", "capture", "fail"];
    expect(peers.stepsFor(command.message.subject)).toEqual([...oneTry, ...oneTry, ...oneTry]);
  });

  test("and was cancelled though the answer was lost needs no second cancellation", async () => {
    let isCancelled = false;
    peers.answerWith(({ call }) => {
      if (call === "claim" && isCancelled) throw new Refused("ORDER_NOT_CLAIMABLE");
      if (call === "capture") throw new Refused("PAYMENT_REFUSED");
      if (call === "fail") {
        isCancelled = true;
        throw new Error("the connection broke before the answer");
      }
    });
    const command = shipCommand();
    await publishMessage(connection, command);
    await settled();
    expect(peers.stepsFor(command.message.subject)).toEqual(["claim", "capture", "fail", "claim"]);
  });

  test("here while another delivery has fulfilled the order leaves it fulfilled", async () => {
    peers.answerWith(({ call }) => {
      if (call === "capture") throw new Refused("PAYMENT_REFUSED");
      if (call === "fail") throw new Refused("ILLEGAL_TRANSITION");
    });
    const command = shipCommand();
    await publishMessage(connection, command);
    await settled();
    expect(peers.stepsFor(command.message.subject)).toEqual(["claim", "capture", "fail"]);
  });

  test("on another node while this one ships it is fulfilled by neither", async () => {
    refuse("fulfil", "ILLEGAL_TRANSITION");
    const command = shipCommand();
    await publishMessage(connection, command);
    await settled();
    expect(peers.stepsFor(command.message.subject)).toEqual(["claim", "capture", "ship", "fulfil"]);
  });

  test("holds up no other", async () => {
    const [failing, sound] = [shipCommand(), shipCommand()];
    peers.answerWith(({ call, orderId }) => {
      if (call === "capture" && orderId === failing.message.subject) throw new Refused("PAYMENT_REFUSED");
    });
    await Promise.all([failing, sound].map((command) => publishMessage(connection, command)));
    await settled();
    expect(reasonsFor(failing.message.subject)).toEqual(["payment_failed"]);
    expect(peers.stepsFor(sound.message.subject)).toEqual(["claim", "capture", "ship", "fulfil"]);
  });
});
