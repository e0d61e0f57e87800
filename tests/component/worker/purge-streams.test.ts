import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type JetStreamManager, type NatsConnection } from "nats";
import { ensureConsumer, ensureStreams } from "../../../mixins/messaging/streams.ts";
import { orders } from "../../../services/orders/contract.ts";
import { purgeStreams } from "../../../services/worker/handlers/jobs/purge-streams.ts";
import { createJetStreamAccess } from "../../../services/worker/providers/jetstream-access.ts";
import { createStreams, type Streams } from "../../../services/worker/providers/streams.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { openJobFixture } from "./job-fixture.ts";

const MAX_BYTES = 20_000;
const body = new Uint8Array(1_000);
const silent = { info: () => {}, warn: () => {} };

describe("The job that makes room in the streams", () => {
  let nats: TestNatsServer;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let jetStream: ReturnType<typeof createJetStreamAccess>;
  let streams: Streams;
  let fixture: Awaited<ReturnType<typeof openJobFixture>>;
  beforeAll(async () => {
    nats = await startNatsServer();
    connection = await connect({ servers: nats.url });
    manager = await connection.jetstreamManager();
    jetStream = createJetStreamAccess({ natsUrl: nats.url });
    await jetStream.connect("test", silent);
    streams = createStreams({ jetStream });
    fixture = await openJobFixture([]);
  });
  afterAll(async () => {
    await fixture.stop();
    await jetStream.close();
    await connection.close();
    await nats.stop();
  });
  beforeEach(async () => {
    for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
    await ensureStreams(manager);
    const { config } = await manager.streams.info("EVENTS");
    await manager.streams.update("EVENTS", { ...config, max_bytes: MAX_BYTES });
    await ensureConsumer(manager, { service: "inventory", type: orders.events.placed, ackWaitMs: 10_000 });
    await ensureConsumer(manager, { service: "inventory", type: orders.events.returned, ackWaitMs: 10_000 });
  });

  async function publish(count: number): Promise<void> {
    for (let index = 0; index < count; index++)
      await connection.jetstream().publish(`events.order.placed.ord_${index}`, body);
  }
  async function ack(count: number): Promise<void> {
    const consumer = await connection.jetstream().consumers.get("EVENTS", "inventory--order-placed");
    const messages = await consumer.fetch({ max_messages: count, expires: 2_000 });
    for await (const message of messages) await message.ackAck();
  }
  const kept = async () => (await manager.streams.info("EVENTS")).state.messages;

  test("removes what every consumer has acked once a stream is half full", async () => {
    await publish(14);
    await ack(9);
    expect(await fixture.run(purgeStreams({ streams }))).toEqual({ purged: 9 });
    expect(await kept()).toBe(5);
  });

  test("leaves a stream alone that has room", async () => {
    await publish(5);
    await ack(5);
    expect(await fixture.run(purgeStreams({ streams }))).toEqual({ purged: 0 });
    expect(await kept()).toBe(5);
  });

  test("removes nothing that a consumer has not acked", async () => {
    await publish(14);
    expect(await fixture.run(purgeStreams({ streams }))).toEqual({ purged: 0 });
    expect(await kept()).toBe(14);
  });

  test("does nothing where there are no streams", async () => {
    for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
    expect(await fixture.run(purgeStreams({ streams }))).toEqual({ purged: 0 });
  });
});
