import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, DiscardPolicy, type JetStreamManager, type NatsConnection } from "nats";
import { DomainError } from "../../../mixins/errors.ts";
import { DEAD_LETTERS } from "../../../mixins/messaging/dead-letter.ts";
import { createDeadLetters } from "../../../mixins/messaging/dead-letters.ts";
import { connectJetStream } from "../../../mixins/messaging/jetstream-connection.ts";
import { keepLetters } from "../../../mixins/messaging/keep-letters.ts";
import { inboxRows } from "../../../mixins/messaging/outbox.ts";
import { createStreamPublisher } from "../../../mixins/messaging/stream-publisher.ts";
import { countLetters, letterOf, type SeenLetter } from "../../support/dead-letters.ts";
import { eventually } from "../../support/eventually.ts";
import {
  boiled,
  effects,
  type KettleService,
  remember,
  startKettleService,
} from "../../support/messaging-fixture.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { hasAnswered, publishBody, publishMessage } from "../../support/publish-message.ts";

const silent = { info: () => {}, warn: () => {} };
const consumer = "kettle--kettle-boiled";
const isAnswered = () => hasAnswered(connection, { stream: "EVENTS", consumer });

class KettleIsCracked extends DomainError {
  readonly code = "KETTLE_IS_CRACKED";
}

let nats: TestNatsServer;
let connection: NatsConnection;
let running: KettleService[] = [];

beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());

beforeEach(async () => {
  connection = await connect({ servers: nats.url });
});
afterEach(async () => {
  await Promise.all(running.map((service) => service.stop()));
  running = [];
  const manager = await connection.jetstreamManager();
  for (const stream of ["EVENTS", "COMMANDS", DEAD_LETTERS])
    await manager.streams.delete(stream).catch(() => {});
  await connection.close();
});

async function start(
  options: Omit<Parameters<typeof startKettleService>[0], "natsUrl">,
): Promise<KettleService> {
  const service = await startKettleService({ natsUrl: nats.url, ...options });
  running.push(service);
  return service;
}

/** Cracks at every message about the kettle `cracked`. */
const crackable: typeof remember = (deps) => async (message, delivery, ctx) => {
  if (message.subject === "cracked") throw new KettleIsCracked("The kettle is cracked");
  await remember(deps)(message, delivery, ctx);
};

describe("a message that fails by itself", () => {
  const { message } = boiled("poison");

  test.each([
    ["is not JSON", "{", "UNREADABLE_MESSAGE", undefined],
    ["has no envelope", JSON.stringify({ litres: 1 }), "INVALID_SHAPE", undefined],
    [
      "has the wrong data",
      JSON.stringify({ ...message, data: { litres: "many" } }),
      "INVALID_SHAPE",
      message.id,
    ],
    [
      "has an unknown schemaVersion",
      JSON.stringify({ ...message, schemaVersion: 9 }),
      "UNKNOWN_SCHEMA_VERSION",
      message.id,
    ],
  ])(
    "because it %s is a dead letter after some tries, and blocks no other",
    async (_, body, code, eventId) => {
      const service = await start({ handle: remember, concurrency: 1 });
      await publishBody(connection, "events.kettle.boiled.poison", body);
      await publishMessage(connection, boiled("healthy"));
      await eventually(() => service.store.get(effects, "healthy"));
      const letter = await eventually(() => letterOf(connection, { consumer, eventId: eventId ?? "*" }));
      expect(letter).toMatchObject({
        consumer,
        eventId: eventId ?? expect.stringMatching(/^EVENTS-1-\d{19}$/),
        subject: "events.kettle.boiled.poison",
        error: { code },
        tries: 4,
        body,
      });
      await eventually(isAnswered);
      expect(await service.store.count(effects)).toBe(1);
    },
  );

  test("by a rule of the domain is a dead letter that tells its failure and its request, without a stack", async () => {
    let runs = 0;
    const service = await start({
      handle: (deps) => async (received, delivery, ctx) => {
        if (received.subject === "cracked") runs += 1;
        await crackable(deps)(received, delivery, ctx);
      },
    });
    const cracked = boiled("cracked");
    await publishMessage(connection, cracked, { requestId: "req-13" });
    const eventId = cracked.message.id;
    const letter = (await eventually(() => letterOf(connection, { consumer, eventId }))) as SeenLetter;
    expect(letter.error).toEqual({ code: "KETTLE_IS_CRACKED", message: "The kettle is cracked" });
    expect(letter.header("X-Request-Id")).toBe("req-13");
    expect(letter.header("Dead-Letter")).not.toContain(".ts");
    expect(JSON.parse(letter.body)).toEqual(cracked.message);
    await eventually(isAnswered);
    expect(runs).toBe(4);
    expect(await service.store.get(inboxRows, `${consumer}:${eventId}`)).toBeUndefined();
  });

  test("is not handled again when copies of it come", async () => {
    let runs = 0;
    await start({
      handle: () => async () => {
        runs += 1;
        throw new KettleIsCracked("The kettle is cracked");
      },
    });
    const cracked = boiled("cracked");
    await publishMessage(connection, cracked);
    await eventually(() => letterOf(connection, { consumer, eventId: cracked.message.id }));
    await publishMessage(connection, cracked);
    await publishMessage(connection, cracked);
    await eventually(isAnswered);
    expect(runs).toBe(4);
    expect(await countLetters(connection)).toBe(1);
  });

  test("is kept while the dead letters are full, and given up once there is room", async () => {
    const manager = await connection.jetstreamManager();
    await manager.streams.add({
      name: DEAD_LETTERS,
      subjects: ["dead-letters.>"],
      discard: DiscardPolicy.New,
      max_bytes: 2_000,
    });
    await connection.jetstream().publish("dead-letters.filler.1", "x".repeat(1_850));
    let runs = 0;
    await start({
      handle: () => async () => {
        runs += 1;
        throw new KettleIsCracked("The kettle is cracked");
      },
    });
    const cracked = boiled("cracked");
    await publishMessage(connection, cracked);
    await eventually(async () => {
      const info = await manager.consumers.info("EVENTS", consumer);
      return info.num_ack_pending === 1 && info.delivered.consumer_seq >= 6;
    });
    expect(await letterOf(connection, { consumer, eventId: cracked.message.id })).toBeUndefined();
    expect(runs).toBe(4);

    await manager.streams.purge(DEAD_LETTERS);
    await eventually(() => letterOf(connection, { consumer, eventId: cracked.message.id }));
    await eventually(isAnswered);
  });
});

describe("a message whose dependency fails", () => {
  test("is never a dead letter, nor suspected of anything, however often it is tried", async () => {
    const seen: number[] = [];
    const slow = Promise.withResolvers<void>();
    const service = await start({
      handle: (deps) => async (message, delivery, ctx) => {
        if (message.subject === "slow") return slow.promise;
        seen.push(delivery.tries);
        if (seen.length <= 6) throw new Error("dependency away");
        await remember(deps)(message, delivery, ctx);
      },
    });
    // Whoever waits to be alone waits for this one.
    await publishMessage(connection, boiled("slow"));
    await publishMessage(connection, boiled("k1"));
    await eventually(() => service.store.get(effects, "k1"), { timeoutMs: 15_000 });
    slow.resolve();
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await countLetters(connection)).toBe(0);
  });

  test("on its way to a failure of its own has all its tries left", async () => {
    let runs = 0;
    await start({
      handle: () => async () => {
        runs += 1;
        if (runs <= 3) throw new Error("dependency away");
        throw new KettleIsCracked("The kettle is cracked");
      },
    });
    const cracked = boiled("cracked");
    await publishMessage(connection, cracked);
    await eventually(() => letterOf(connection, { consumer, eventId: cracked.message.id }));
    expect(runs).toBe(7);
  });
});

describe("the stream of dead letters", () => {
  test.each([
    ["purged", (manager: JetStreamManager) => manager.streams.purge(DEAD_LETTERS)],
    ["deleted", (manager: JetStreamManager) => manager.streams.delete(DEAD_LETTERS)],
  ])("that was %s gets back what the service has given up, and nothing else", async (_, wipe) => {
    const service = await start({ handle: crackable });
    const cracked = boiled("cracked");
    const eventId = cracked.message.id;
    await publishMessage(connection, cracked, { requestId: "req-1" });
    await eventually(() => letterOf(connection, { consumer, eventId }));
    await eventually(isAnswered);
    await wipe(await connection.jetstreamManager());

    const jetStream = await connectJetStream({ natsUrl: nats.url, name: "keeper", logger: silent });
    const publish = createStreamPublisher(jetStream);
    const deadLetters = createDeadLetters({
      connection,
      // A stream that was purged still remembers for two minutes what it has had.
      publish: (subject, body, options) =>
        publish(subject, body, { ...options, msgID: `${options.msgID}:again` }),
    });
    const keeper = keepLetters({ store: service.store, deadLetters, onError: () => {} });
    expect(await keeper.run()).toBe(1);
    expect(await keeper.run()).toBe(0);
    await keeper.stop();
    await jetStream.close();
    const letter = await letterOf(connection, { consumer, eventId });
    expect(letter?.header("X-Request-Id")).toBe("req-1");
    expect(JSON.parse(letter?.body ?? "")).toEqual(cracked.message);
    expect(await countLetters(connection)).toBe(1);
  });
});
