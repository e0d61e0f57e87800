import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, DiscardPolicy, headers, type NatsConnection } from "nats";
import { newId } from "../../../contracts/ids.ts";
import { callService } from "../../../mixins/calls.ts";
import { messagingContract } from "../../../mixins/messaging/contract.ts";
import type { JetStreamConnection } from "../../../mixins/messaging/jetstream-connection.ts";
import { createOutbox, messagingCollections, outboxRows } from "../../../mixins/messaging/outbox.ts";
import { startRelay } from "../../../mixins/messaging/relay.ts";
import { createStreamPublisher } from "../../../mixins/messaging/stream-publisher.ts";
import { eventually } from "../../support/eventually.ts";
import { createMemoryDatabase, createMemoryStore } from "../../support/memory-store.ts";
import { boiled, effects, remember, startKettleService } from "../../support/messaging-fixture.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

describe("a publish", () => {
  /** A link whose server never answers. */
  function silentLink() {
    const listeners: { down: () => void; up: () => void } = { down: () => {}, up: () => {} };
    let sent = 0;
    const link = {
      client: {
        publish: () => {
          sent += 1;
          return new Promise(() => {});
        },
      },
      untilReady: () => new Promise(() => {}),
      onDisconnect: (listener: () => void) => {
        listeners.down = listener;
      },
      onReconnect: (listener: () => void) => {
        listeners.up = listener;
      },
    } as unknown as JetStreamConnection;
    return { link, listeners, sent: () => sent };
  }

  const message = ["events.x", "{}", { msgID: "1", headers: headers() }] as const;

  test("fails at once when the link goes down, and while it is down", async () => {
    const { link, listeners, sent } = silentLink();
    const publish = createStreamPublisher(link);
    const underWay = publish(...message);
    listeners.down();
    await expect(underWay).rejects.toThrow("NATS is away");
    await expect(publish(...message)).rejects.toThrow("NATS is away");
    expect(sent()).toBe(1);
    listeners.up();
    void publish(...message);
    expect(sent()).toBe(2);
  });
});

describe("the relay", () => {
  async function outboxWith({ rows, createdAt }: { rows: number; createdAt: number }) {
    const store = createMemoryStore(createMemoryDatabase({ collections: messagingCollections }));
    await store.connect();
    const outbox = createOutbox({ store, clock: () => createdAt });
    const messages = Array.from({ length: rows }, (_, index) => boiled(`k${index}`));
    await outbox.commit({ writes: [], messages });
    return store;
  }

  function relayOf(store: Parameters<typeof startRelay>[0]["store"], clock: () => number) {
    const seen: string[] = [];
    const relay = startRelay({
      store,
      publisher: {
        publishAgain: async (rows) => {
          seen.push(...rows.map(({ id }) => id));
          return 0;
        },
      },
      leases: { acquire: async () => true },
      holder: "kettle-1",
      onError: () => {},
      clock,
      everyMs: 1_000_000,
    });
    return { relay, seen };
  }

  test("takes up each row once, also when more than a page is of one millisecond and none can be published", async () => {
    const store = await outboxWith({ rows: 450, createdAt: 1_000 });
    const { relay, seen } = relayOf(store, () => 10_000);
    expect(await relay.run()).toBe(450);
    expect(seen).toHaveLength(450);
    expect(new Set(seen).size).toBe(450);
    await relay.stop();
  });

  test("leaves young rows to those who committed them, unless it is asked for all", async () => {
    const store = await outboxWith({ rows: 3, createdAt: 10_000 });
    const { relay, seen } = relayOf(store, () => 10_000);
    expect(await relay.run()).toBe(0);
    expect(await relay.runForAll()).toBe(3);
    expect(seen).toHaveLength(3);
    await relay.stop();
  });
});

describe("with a real server", () => {
  let nats: TestNatsServer;
  let connection: NatsConnection;
  beforeEach(async () => {
    nats = await startNatsServer();
    connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  });
  afterEach(async () => {
    await connection.close();
    await nats.stop();
  });

  test("a full stream refuses what is published, and the outbox keeps it until there is room", async () => {
    const manager = await connection.jetstreamManager();
    await manager.streams.add({
      name: "EVENTS",
      subjects: ["events.>"],
      discard: DiscardPolicy.New,
      max_bytes: 2_000,
    });
    await connection.jetstream().publish("events.filler", "x".repeat(1_800));
    const service = await startKettleService({ natsUrl: nats.url, handle: remember });
    const orderId = newId("ord", Date.now());
    const outgoing = boiled(orderId);
    await service.outbox.commit({ writes: [], messages: [outgoing] });
    const publish = { orderIds: [orderId] };
    const { publishAgain } = messagingContract("kettle").calls;
    expect(await callService(service.broker, publishAgain, publish)).toEqual({ published: 0 });
    expect((await service.store.get(outboxRows, outgoing.message.id))?.pending).toBe(1);

    await manager.streams.purge("EVENTS");
    await eventually(() => service.store.get(effects, orderId));
    await eventually(async () => (await service.store.get(outboxRows, outgoing.message.id))?.pending === 0);
    await service.stop();
  });

  test("what was committed while NATS was away is handled soon after its return", async () => {
    const service = await startKettleService({ natsUrl: nats.url, handle: remember });
    await nats.kill();
    const messages = Array.from({ length: 50 }, (_, index) => boiled(`k${index}`));
    for (const message of messages) await service.outbox.commit({ writes: [], messages: [message] });
    await nats.start();
    await eventually(async () => (await service.store.count(effects)) === 50, { timeoutMs: 5_000 });
    await service.stop();
  });
});
