import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import type { Call, ParamsOf, ResultOf } from "../../../contracts/define-contract.ts";
import { newId } from "../../../contracts/ids.ts";
import { callService } from "../../../mixins/calls.ts";
import { DomainError } from "../../../mixins/errors.ts";
import { messagingContract } from "../../../mixins/messaging/contract.ts";
import { DEAD_LETTERS } from "../../../mixins/messaging/dead-letter.ts";
import { inboxRows } from "../../../mixins/messaging/outbox.ts";
import { letterOf, type SeenLetter } from "../../support/dead-letters.ts";
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

const { calls } = messagingContract("kettle");
const consumer = "kettle--kettle-boiled";

class KettleIsCracked extends DomainError {
  readonly code = "KETTLE_IS_CRACKED";
}

let nats: TestNatsServer;
let connection: NatsConnection;
let running: KettleService[] = [];
let isCracked: boolean;
let orderId: string;

beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());

beforeEach(async () => {
  isCracked = false;
  orderId = newId("ord", Date.now());
  connection = await connect({ servers: nats.url });
});
afterEach(async () => {
  await Promise.all(running.map((service) => service.stop()));
  running = [];
  await deleteStreams();
  await connection.close();
});

async function deleteStreams(): Promise<void> {
  const manager = await connection.jetstreamManager();
  for (const stream of ["EVENTS", "COMMANDS", DEAD_LETTERS])
    await manager.streams.delete(stream).catch(() => {});
}

/** A service whose handler fails by a rule for as long as `isCracked`. */
async function start(name = "kettle"): Promise<KettleService> {
  const handle: typeof remember = (deps) => async (message, delivery, ctx) => {
    if (isCracked) throw new KettleIsCracked("The kettle is cracked");
    await remember(deps)(message, delivery, ctx);
  };
  const service = await startKettleService({ natsUrl: nats.url, name, handle });
  running.push(service);
  return service;
}

function ask<C extends Call>({ broker }: KettleService, call: C, params: ParamsOf<C>): Promise<ResultOf<C>> {
  return callService(broker, call, params);
}

const isAnswered = () => hasAnswered(connection, { stream: "EVENTS", consumer });
const entryOf = ({ message }: ReturnType<typeof boiled>) => ({
  eventId: message.id,
  type: "kettle.boiled",
  orderId: message.subject,
});

describe("the messages of an order", () => {
  test("are those in the outbox, sent or not", async () => {
    const kettle = await start();
    const messages = [boiled(orderId, 1), boiled(orderId, 2)];
    await kettle.outbox.commit({ writes: [], messages });
    await kettle.outbox.commit({ writes: [], messages: [boiled(newId("ord", Date.now()))] });
    const answer = await ask(kettle, calls.messagesOf, { orderIds: [orderId, newId("ord", Date.now())] });
    expect(answer.messages).toEqual(expect.arrayContaining(messages.map(entryOf)));
    expect(answer.messages).toHaveLength(2);
  });

  test("miss those that no consumer of the type has handled", async () => {
    const kettle = await start();
    const handled = boiled(orderId, 1);
    const lost = boiled(orderId, 2);
    await kettle.outbox.commit({ writes: [], messages: [handled] });
    await eventually(() => kettle.store.get(inboxRows, `${consumer}:${handled.message.id}`));
    const others = { eventId: newId("evt", Date.now()), type: "tea.made", orderId };
    const messages = [entryOf(handled), entryOf(lost), others];
    expect(await ask(kettle, calls.missingOf, { messages })).toEqual({
      missing: [{ ...entryOf(lost), consumer, isDead: false }],
    });
  });

  test("miss dead letters, and say that they are", async () => {
    const kettle = await start();
    isCracked = true;
    const message = boiled(orderId);
    await publishMessage(connection, message);
    const missing = () => ask(kettle, calls.missingOf, { messages: [entryOf(message)] });
    await eventually(async () => (await missing()).missing[0]?.isDead);
    expect(await missing()).toEqual({ missing: [{ ...entryOf(message), consumer, isDead: true }] });
  });

  test("are all delivered again after the streams were wiped, each with one effect", async () => {
    const kettle = await start();
    kettle.outbox.onCommitted(() => {});
    const orderIds = Array.from({ length: 20 }, () => newId("ord", Date.now()));
    const isGone = boiled(orderIds[0] as string);
    await publishMessage(connection, isGone);
    await eventually(() => kettle.store.get(effects, isGone.message.subject));
    await deleteStreams();
    const messages = [isGone, ...orderIds.slice(1).map((id) => boiled(id))];
    await kettle.outbox.commit({ writes: [], messages });
    expect(await ask(kettle, calls.publishAgain, { orderIds })).toEqual({ published: 20 });
    await eventually(async () => (await kettle.store.count(effects)) === 20, { timeoutMs: 15_000 });
    await eventually(isAnswered);
    expect(await ask(kettle, calls.missingOf, { messages: messages.map(entryOf) })).toEqual({ missing: [] });
  }, 30_000);
});

describe("a dead letter", () => {
  const message = () => boiled(orderId, 3);

  async function bury(kettle: KettleService, outgoing: ReturnType<typeof boiled>): Promise<SeenLetter> {
    isCracked = true;
    kettle.outbox.onCommitted(() => {});
    await kettle.outbox.commit({ writes: [], messages: [outgoing] });
    await ask(kettle, calls.publishAgain, { orderIds: [orderId] });
    const eventId = outgoing.message.id;
    const letter = await eventually(() => letterOf(connection, { consumer, eventId }));
    isCracked = false;
    return letter as SeenLetter;
  }

  test("that is replayed twice has one effect, on the one consumer that had failed", async () => {
    const kettle = await start();
    const outgoing = message();
    const letter = await bury(kettle, outgoing);
    const pot = await start("pot");
    await eventually(() => pot.store.get(effects, orderId));
    await pot.store.commit([{ kind: "remove", collection: effects, key: orderId }]);

    const replay = { consumer, body: letter.body, headers: { "X-Request-Id": "req-5" } };
    await ask(kettle, calls.replayMessage, replay);
    await ask(kettle, calls.replayMessage, replay);
    expect(await kettle.store.get(effects, orderId)).toEqual({ id: orderId, seen: 3 });
    expect(await pot.store.count(effects)).toBe(0);
    expect(await ask(kettle, calls.missingOf, { messages: [entryOf(outgoing)] })).toEqual({ missing: [] });
  });

  test("stays one when its replay fails again", async () => {
    const kettle = await start();
    const outgoing = message();
    const letter = await bury(kettle, outgoing);
    isCracked = true;
    const replay = ask(kettle, calls.replayMessage, { consumer, body: letter.body, headers: {} });
    await expect(replay).rejects.toMatchObject({ type: "KETTLE_IS_CRACKED" });
    expect(await ask(kettle, calls.missingOf, { messages: [entryOf(outgoing)] })).toMatchObject({
      missing: [{ isDead: true }],
    });
  });

  test("that is discarded is never revived, whatever is published again", async () => {
    const kettle = await start();
    const outgoing = message();
    await bury(kettle, outgoing);
    const discard = { consumer, eventId: outgoing.message.id, orderId };
    await ask(kettle, calls.discardMessage, discard);
    await ask(kettle, calls.discardMessage, discard);
    await ask(kettle, calls.publishAgain, { orderIds: [orderId] });
    await deleteStreams();
    await ask(kettle, calls.publishAgain, { orderIds: [orderId] });
    await publishMessage(connection, boiled("after"));
    await eventually(() => kettle.store.get(effects, "after"));
    await eventually(isAnswered);
    expect(await kettle.store.get(effects, orderId)).toBeUndefined();
    expect(await ask(kettle, calls.missingOf, { messages: [entryOf(outgoing)] })).toEqual({ missing: [] });
  }, 30_000);

  test("that is discarded is not revived by a copy that this version cannot read", async () => {
    const kettle = await start();
    const { message: newer } = message();
    await ask(kettle, calls.discardMessage, { consumer, eventId: newer.id, orderId });
    const body = JSON.stringify({ ...newer, schemaVersion: 9 });
    await publishBody(connection, `events.kettle.boiled.${orderId}`, body);
    await publishMessage(connection, boiled("after"));
    await eventually(() => kettle.store.get(effects, "after"));
    await eventually(isAnswered);
    expect(await letterOf(connection, { consumer, eventId: newer.id })).toBeUndefined();
  });

  test("of a consumer that the service does not have is refused", async () => {
    const kettle = await start();
    const unknown = { type: "UNKNOWN_CONSUMER" };
    await expect(
      ask(kettle, calls.replayMessage, { consumer: "kettle--tea-made", body: "{}", headers: {} }),
    ).rejects.toMatchObject(unknown);
    await expect(
      ask(kettle, calls.discardMessage, { consumer: "kettle--tea-made", eventId: "evt", orderId }),
    ).rejects.toMatchObject(unknown);
  });
});
