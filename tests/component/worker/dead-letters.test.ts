import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Errors, ServiceBroker } from "moleculer";
import { connect, type NatsConnection } from "nats";
import type { Call, ParamsOf, ResultOf } from "../../../contracts/define-contract.ts";
import { newId } from "../../../contracts/ids.ts";
import { answerCalls, callService } from "../../../mixins/calls.ts";
import { domainErrors } from "../../../mixins/domain-errors.ts";
import { DomainError } from "../../../mixins/errors.ts";
import { UnknownConsumer } from "../../../mixins/messaging/calls/replay-message.ts";
import { messagingContract } from "../../../mixins/messaging/contract.ts";
import { DEAD_LETTERS, letterHeaders, letterSubject } from "../../../mixins/messaging/dead-letter.ts";
import { ensureStreams } from "../../../mixins/messaging/streams.ts";
import { requestContextMiddleware } from "../../../mixins/observability/request-context.ts";
import { worker } from "../../../services/worker/contract.ts";
import createWorker from "../../../services/worker/worker.service.ts";
import { readSettings } from "../../../settings.ts";
import { countLetters } from "../../support/dead-letters.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

const consumer = "kettle--kettle-boiled";

class KettleIsCracked extends DomainError {
  readonly code = "KETTLE_IS_CRACKED";
}

let nats: TestNatsServer;
let connection: NatsConnection;
let folder: string;
let broker: ServiceBroker;
/** What the kettle service was asked, and how it answers. */
let asked: unknown[];
let answer: () => void;

beforeAll(async () => {
  nats = await startNatsServer();
  connection = await connect({ servers: nats.url });
  folder = mkdtempSync(join(tmpdir(), "orders-letters-"));
  broker = new ServiceBroker({
    nodeID: "worker-1",
    logger: false,
    requestTimeout: 5_000,
    middlewares: [requestContextMiddleware()],
  });
  broker.createService(createWorker(readSettings({ NATS_URL: nats.url, DATA_DIR: folder })));
  const { replayMessage, discardMessage } = messagingContract("kettle").calls;
  const note = (call: string) => async (params: object) => {
    asked.push({ call, ...params });
    answer();
    return {};
  };
  broker.createService({
    name: "kettle",
    mixins: [domainErrors()],
    actions: answerCalls(
      { replayMessage, discardMessage },
      { replayMessage: note("replay"), discardMessage: note("discard") },
    ),
  });
  await broker.start();
});
afterAll(async () => {
  await broker.stop();
  await connection.close();
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  asked = [];
  answer = () => {};
  const manager = await connection.jetstreamManager();
  await manager.streams.delete(DEAD_LETTERS).catch(() => {});
  await ensureStreams(manager);
});

function ask<C extends Call>(call: C, params: ParamsOf<C>): Promise<ResultOf<C>> {
  return callService(broker, call, params);
}

/** Puts a dead letter of the kettle service into the stream; answers its id. */
async function bury({ eventId = newId("evt", Date.now()), body = "{}" } = {}): Promise<string> {
  const details = {
    consumer,
    eventId,
    subject: "events.kettle.boiled.ord_7",
    error: { code: "KETTLE_IS_CRACKED", message: "The kettle is cracked" },
    tries: 4,
    at: "2026-11-22T10:00:00.000Z",
  };
  const letter = { details, request: { requestId: "req-7", traceparent: "00-trace" }, copy: "1" };
  await connection.jetstream().publish(letterSubject(details), body, { headers: letterHeaders(letter) });
  return `${consumer}:${eventId}`;
}

const idsOf = ({ items }: { items: readonly { id: string }[] }) => items.map(({ id }) => id);

describe("dead letters", () => {
  test("are listed page by page, the newest first, with those left out that are gone", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 7; count++) ids.unshift(await bury());
    await ask(worker.calls.discardDeadLetter, { id: ids[2] as string });
    const first = await ask(worker.calls.listDeadLetters, { limit: 3 });
    expect(idsOf(first)).toEqual([ids[0], ids[1], ids[3]]);
    await bury();
    const second = await ask(worker.calls.listDeadLetters, { limit: 3, cursor: first.nextCursor as string });
    expect(idsOf(second)).toEqual(ids.slice(4));
    expect(second.nextCursor).toBeNull();
  });

  test("are none when there is no stream yet, or none is left", async () => {
    expect(await ask(worker.calls.listDeadLetters, {})).toEqual({ items: [], nextCursor: null });
    await (await connection.jetstreamManager()).streams.delete(DEAD_LETTERS);
    expect(await ask(worker.calls.listDeadLetters, {})).toEqual({ items: [], nextCursor: null });
  });

  test("do not trip over what is no dead letter", async () => {
    await connection.jetstream().publish("dead-letters.kettle.noise", "noise");
    const id = await bury();
    expect(idsOf(await ask(worker.calls.listDeadLetters, {}))).toEqual([id]);
  });

  test("with a cursor of somebody else's are refused", async () => {
    await expect(ask(worker.calls.listDeadLetters, { cursor: "x" })).rejects.toMatchObject({
      type: "BAD_CURSOR",
    });
  });
});

describe("a dead letter", () => {
  test("tells what it is, why, and its body as JSON", async () => {
    const id = await bury({ body: '{"litres":1}' });
    expect(await ask(worker.calls.getDeadLetter, { id })).toEqual({
      id,
      service: "kettle",
      consumer,
      eventId: id.split(":")[1],
      type: "kettle.boiled",
      orderId: "ord_7",
      error: { code: "KETTLE_IS_CRACKED", message: "The kettle is cracked" },
      tries: 4,
      at: "2026-11-22T10:00:00.000Z",
      requestId: "req-7",
      traceparent: "00-trace",
      body: { litres: 1 },
      bodyIsCut: false,
    });
  });

  test.each([
    ["text that is not JSON", "{", { body: "{", bodyIsCut: false }],
    [
      "the beginning of a very long body",
      "x".repeat(200_000),
      { body: "x".repeat(100_000), bodyIsCut: true },
    ],
  ])("shows %s", async (_, body, shown) => {
    const id = await bury({ eventId: "EVENTS-17-1795362750559093469", body });
    expect(await ask(worker.calls.getDeadLetter, { id })).toMatchObject(shown);
  });

  test("that is replayed goes to its consumer as it was, and is gone then", async () => {
    const id = await bury({ body: '{"litres":1}' });
    expect(await ask(worker.calls.replayDeadLetter, { id })).toMatchObject({ id });
    const headers = { "X-Request-Id": "req-7", traceparent: "00-trace" };
    expect(asked).toEqual([{ call: "replay", consumer, body: '{"litres":1}', headers }]);
    const again = ask(worker.calls.replayDeadLetter, { id });
    await expect(again).rejects.toMatchObject({ type: "DEAD_LETTER_NOT_FOUND" });
    expect(asked).toHaveLength(1);
  });

  test("that fails again is kept, and says why", async () => {
    const id = await bury();
    answer = () => {
      throw new KettleIsCracked("The kettle is cracked");
    };
    await expect(ask(worker.calls.replayDeadLetter, { id })).rejects.toMatchObject({
      type: "REPLAY_FAILED",
      data: { error: { code: "KETTLE_IS_CRACKED", message: "The kettle is cracked" } },
    });
    expect(await countLetters(connection)).toBe(1);
  });

  test("that fails by a bug is kept, and tells nothing of the inside", async () => {
    const id = await bury();
    answer = () => {
      throw new TypeError("secret is not a function");
    };
    const failure = await ask(worker.calls.replayDeadLetter, { id }).catch((error) => error);
    expect(failure).toMatchObject({ type: "REPLAY_FAILED", data: { error: { code: "INTERNAL_ERROR" } } });
    expect(JSON.stringify(failure.data)).not.toContain("secret");
    expect(await countLetters(connection)).toBe(1);
  });

  test("whose service is away is kept, for another try", async () => {
    const id = await bury();
    answer = () => {
      throw new Errors.ServiceNotAvailableError({ action: "kettle.replayMessage" });
    };
    await expect(ask(worker.calls.replayDeadLetter, { id })).rejects.toMatchObject({
      type: "SERVICE_NOT_AVAILABLE",
      retryable: true,
    });
    expect(await countLetters(connection)).toBe(1);
  });

  test("that is discarded is noted by its consumer, and gone then", async () => {
    const id = await bury();
    expect(await ask(worker.calls.discardDeadLetter, { id })).toMatchObject({ id });
    expect(asked).toEqual([{ call: "discard", consumer, eventId: id.split(":")[1], orderId: "ord_7" }]);
    await expect(ask(worker.calls.discardDeadLetter, { id })).rejects.toMatchObject({
      type: "DEAD_LETTER_NOT_FOUND",
    });
    expect(await countLetters(connection)).toBe(0);
  });

  test("of a consumer that is no more can be discarded", async () => {
    const id = await bury();
    answer = () => {
      throw new UnknownConsumer(consumer);
    };
    await ask(worker.calls.discardDeadLetter, { id });
    expect(await countLetters(connection)).toBe(0);
  });
});
