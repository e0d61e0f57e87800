import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import { createDelivery, inboxRows, outboxRows } from "../../../mixins/messaging/outbox.ts";
import { runInRequest } from "../../../mixins/observability/request-context.ts";
import { insert } from "../../../mixins/persistence/store.ts";
import { eventually } from "../../support/eventually.ts";
import {
  boiled,
  effects,
  type KettleService,
  remember,
  startKettleService,
} from "../../support/messaging-fixture.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

let nats: TestNatsServer;
let connection: NatsConnection;
let running: KettleService[] = [];

beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());

beforeEach(async () => {
  connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
});
afterEach(async () => {
  await Promise.all(running.map((service) => service.stop()));
  running = [];
  const manager = await connection.jetstreamManager();
  for (const stream of ["EVENTS", "COMMANDS"]) await manager.streams.delete(stream).catch(() => {});
  await connection.close();
});

async function start(
  options: Omit<Parameters<typeof startKettleService>[0], "natsUrl">,
): Promise<KettleService> {
  const service = await startKettleService({ natsUrl: nats.url, ...options });
  running.push(service);
  return service;
}

const effectOf = (service: KettleService, id: string) => eventually(() => service.store.get(effects, id));

function publishRaw(body: string, subject = "events.kettle.boiled.raw") {
  return connection.jetstream().publish(subject, body);
}

describe("a durable message", () => {
  test("that was committed is handled once, and its outbox row counts as sent", async () => {
    const service = await start({ handle: remember });
    const message = boiled("k1", 3);
    await service.outbox.commit({ writes: [], messages: [message] });
    expect(await effectOf(service, "k1")).toEqual({ id: "k1", seen: 3 });
    await eventually(async () => (await service.store.get(outboxRows, message.message.id))?.pending === 0);
    expect(await service.store.get(inboxRows, `kettle--kettle-boiled:${message.message.id}`)).toBeDefined();
  });

  test("carries the request and the user that caused it into its handler", async () => {
    const seen: unknown[] = [];
    const service = await start({
      handle: () => async (_message, _delivery, ctx) => {
        seen.push([ctx.requestID, ctx.meta.user?.id, ctx.meta.traceparent]);
      },
    });
    const user = {
      id: `usr_${"a".repeat(32)}`,
      email: "zoë@example.com",
      name: "Zoë 茶",
      roles: ["customer" as const],
    };
    await runInRequest({ requestId: "req-7", user, traceparent: "00-trace" }, () =>
      service.outbox.commit({ writes: [], messages: [boiled("k1")] }),
    );
    await eventually(() => seen.length > 0);
    expect(seen).toEqual([["req-7", user.id, "00-trace"]]);
  });

  test("that is delivered twice has one effect", async () => {
    let runs = 0;
    const service = await start({
      handle: (deps) => async (message, delivery, ctx) => {
        runs += 1;
        await remember(deps)(message, delivery, ctx);
      },
    });
    const { message } = boiled("k1");
    await publishRaw(JSON.stringify(message));
    await effectOf(service, "k1");
    await publishRaw(JSON.stringify(message));
    await publishRaw(JSON.stringify(boiled("k2").message));
    await effectOf(service, "k2");
    expect(runs).toBe(2);
  });

  test("whose handler finds the effect done by a twin is acked without a second effect", async () => {
    let tries = 0;
    const service = await start({
      handle:
        ({ store, outbox }) =>
        async (message, delivery) => {
          tries += 1;
          const twin = createDelivery({ consumer: delivery.consumer, message, tries: 1 }, Date.now());
          await store.commit([twin.inbox, insert(effects, { id: message.subject, seen: 1 })]);
          await outbox.commit({ writes: [insert(effects, { id: message.subject, seen: 2 })], delivery });
        },
    });
    await service.outbox.commit({ writes: [], messages: [boiled("k1")] });
    const manager = await connection.jetstreamManager();
    await eventually(async () => {
      const info = await manager.consumers.info("EVENTS", "kettle--kettle-boiled");
      return info.ack_floor.stream_seq === 1 && info.num_ack_pending === 0;
    });
    expect(await service.store.get(effects, "k1")).toEqual({ id: "k1", seen: 1 });
    expect(tries).toBe(1);
  });

  test("that was published before the consumer existed is delivered to it", async () => {
    const first = await start({ handle: remember });
    await first.stop();
    running = [];
    const manager = await connection.jetstreamManager();
    await manager.consumers.delete("EVENTS", "kettle--kettle-boiled");
    await publishRaw(JSON.stringify(boiled("early").message));
    const second = await start({ handle: remember });
    expect(await effectOf(second, "early")).toBeDefined();
  });

  test("that its handler has nothing to do for is recorded in the inbox all the same", async () => {
    const service = await start({ handle: () => async () => {} });
    const { message } = boiled("k1");
    await publishRaw(JSON.stringify(message));
    await eventually(() => service.store.get(inboxRows, `kettle--kettle-boiled:${message.id}`));
  });

  test("whose dependency fails is tried again, with growing pauses, until it works", async () => {
    const at: number[] = [];
    const service = await start({
      handle: (deps) => async (message, delivery, ctx) => {
        at.push(Date.now());
        if (at.length < 5) throw new Error("dependency away");
        await remember(deps)(message, delivery, ctx);
      },
    });
    await service.outbox.commit({ writes: [], messages: [boiled("k1")] });
    await effectOf(service, "k1");
    const pauses = at.slice(1).map((time, index) => time - (at[index] as number));
    expect(pauses).toHaveLength(4);
    expect(pauses[3]).toBeGreaterThan(pauses[0] as number);
  });

  test("whose handler works longer than the wait for its answer is handled once", async () => {
    let runs = 0;
    const service = await start({
      ackWaitMs: 1_000,
      handle: (deps) => async (message, delivery, ctx) => {
        runs += 1;
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        await remember(deps)(message, delivery, ctx);
      },
    });
    await service.outbox.commit({ writes: [], messages: [boiled("slow")] });
    await effectOf(service, "slow");
    expect(runs).toBe(1);
  });
});

describe("a service with durable messages", () => {
  test("handles no more of one type at once than it said", async () => {
    let now = 0;
    let most = 0;
    const service = await start({
      concurrency: 4,
      handle: (deps) => async (message, delivery, ctx) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 10));
        await remember(deps)(message, delivery, ctx);
        now -= 1;
      },
    });
    const messages = Array.from({ length: 40 }, (_, index) => boiled(`k${index}`));
    await service.outbox.commit({ writes: [], messages });
    await eventually(async () => (await service.store.count(effects)) === 40);
    expect(most).toBeLessThanOrEqual(4);
    expect(most).toBeGreaterThan(1);
  });

  test("publishes what a crash left in its outbox", async () => {
    const first = await start({ handle: () => async () => {} });
    first.outbox.onCommitted(() => {});
    const message = boiled("left-behind");
    await first.outbox.commit({ writes: [], messages: [message] });
    await first.stop();
    running = [];
    const second = await start({ handle: remember, file: first.file });
    expect(await effectOf(second, "left-behind")).toBeDefined();
  });

  test("commits while NATS is away, and publishes and handles once it is back", async () => {
    const service = await start({ handle: remember });
    await service.outbox.commit({ writes: [], messages: [boiled("before")] });
    await effectOf(service, "before");
    await nats.kill();
    await service.outbox.commit({ writes: [], messages: [boiled("during")] });
    await nats.start();
    expect(await effectOf(service, "during")).toBeDefined();
    await service.outbox.commit({ writes: [], messages: [boiled("after")] });
    expect(await effectOf(service, "after")).toBeDefined();
  }, 30_000);

  test.each([
    ["consumer", (manager: Manager) => manager.consumers.delete("EVENTS", "kettle--kettle-boiled")],
    ["stream", (manager: Manager) => manager.streams.delete("EVENTS")],
  ])(
    "makes a deleted %s anew and goes on",
    async (_what, remove) => {
      const service = await start({ handle: remember });
      await service.outbox.commit({ writes: [], messages: [boiled("before")] });
      await effectOf(service, "before");
      await remove(await connection.jetstreamManager());
      await service.outbox.commit({ writes: [], messages: [boiled("after")] });
      expect(await effectOf(service, "after")).toBeDefined();
    },
    30_000,
  );

  test("finishes what is in the works when it stops, and leaves the rest to its twin at once", async () => {
    const release = Promise.withResolvers<void>();
    let begun = 0;
    const slow = await start({
      nodeId: "kettle-1",
      concurrency: 2,
      handle: (deps) => async (message, delivery, ctx) => {
        begun += 1;
        await release.promise;
        await remember(deps)(message, delivery, ctx);
      },
    });
    const messages = Array.from({ length: 10 }, (_, index) => boiled(`k${index}`));
    await slow.outbox.commit({ writes: [], messages });
    await eventually(() => begun === 2);
    const twin = await start({ nodeId: "kettle-2", handle: remember, file: slow.file });
    const stopped = slow.stop();
    release.resolve();
    await stopped;
    running = [twin];
    await eventually(async () => (await twin.store.count(effects)) === 10, { timeoutMs: 4_000 });
    expect(begun).toBe(2);
  });
});

type Manager = Awaited<ReturnType<NatsConnection["jetstreamManager"]>>;
