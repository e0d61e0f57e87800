import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type JetStreamManager, type NatsConnection, nanos } from "nats";
import { newId } from "../../../contracts/ids.ts";
import { callService } from "../../../mixins/calls.ts";
import { messagingContract } from "../../../mixins/messaging/contract.ts";
import { ensureConsumer, ensureStreams } from "../../../mixins/messaging/streams.ts";
import { eventually } from "../../support/eventually.ts";
import {
  boiled,
  effects,
  kettleBoiled,
  remember,
  startKettleService,
} from "../../support/messaging-fixture.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { publishMessage } from "../../support/publish-message.ts";

const MANY = 1_000;
const consumer = "kettle--kettle-boiled";
let nats: TestNatsServer;
let connection: NatsConnection;
let manager: JetStreamManager;

beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  connection = await connect({ servers: nats.url });
  manager = await connection.jetstreamManager();
});
afterEach(async () => {
  for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
  await connection.close();
});

describe("a service that is stopped under a backlog", () => {
  test("begins no message after the signal but those on their way, and leaves the rest to others", async () => {
    let begun = 0;
    const slowly: typeof remember = (deps) => async (message, delivery, ctx) => {
      begun += 1;
      await new Promise((resolve) => setTimeout(resolve, 20 + 60 * Math.random()));
      await remember(deps)(message, delivery, ctx);
    };
    await ensureStreams(manager);
    for (let index = 0; index < MANY; index++) await publishMessage(connection, boiled(`k${index}`));
    const first = await startKettleService({
      natsUrl: nats.url,
      handle: slowly,
      concurrency: 16,
      tracksCalls: true,
    });
    await eventually(() => begun > 16);
    const before = begun;
    const from = performance.now();
    await first.stop();
    expect(performance.now() - from).toBeLessThan(2_500);
    expect(begun - before).toBeLessThan(100);

    const second = await startKettleService({ natsUrl: nats.url, handle: remember, file: first.file });
    await eventually(async () => (await second.store.count(effects)) === MANY);
    await second.stop();
  });
});

describe("a service that starts", () => {
  test("answers calls before JetStream does", async () => {
    const silent = createServer((socket) => socket.on("error", () => {}));
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { port } = silent.address() as { port: number };
    const from = performance.now();
    const service = await startKettleService({ natsUrl: `nats://127.0.0.1:${port}`, handle: remember });
    expect(performance.now() - from).toBeLessThan(3_000);
    const { messagesOf } = messagingContract("kettle").calls;
    const orderIds = [newId("ord", Date.now())];
    expect(await callService(service.broker, messagesOf, { orderIds })).toEqual({ messages: [] });
    await service.stop();
    silent.close();
  });

  test("handles what was committed before JetStream answered, once it does", async () => {
    nats.pause();
    try {
      const starting = startKettleService({ natsUrl: nats.url, handle: remember });
      const service = await starting;
      await service.outbox.commit({ writes: [], messages: [boiled("early")] });
      nats.resume();
      await eventually(() => service.store.get(effects, "early"));
      await service.stop();
    } finally {
      nats.resume();
    }
  });

  test("changes a consumer and a stream that are configured otherwise, but not how large a stream may grow", async () => {
    await ensureStreams(manager);
    const { config } = await manager.streams.info("EVENTS");
    await manager.streams.update("EVENTS", { ...config, max_age: nanos(3_600_000), max_bytes: 300_000 });
    await ensureConsumer(manager, { service: "kettle", type: kettleBoiled, ackWaitMs: 60_000 });
    const service = await startKettleService({ natsUrl: nats.url, handle: remember, ackWaitMs: 7_000 });
    expect((await manager.consumers.info("EVENTS", consumer)).config.ack_wait).toBe(nanos(7_000));
    expect((await manager.streams.info("EVENTS")).config).toMatchObject({
      max_age: config.max_age,
      max_bytes: 300_000,
    });
    await service.stop();
  });
});
