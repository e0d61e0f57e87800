import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { newId } from "../../../contracts/ids.ts";
import { answerCalls } from "../../../mixins/calls.ts";
import { idempotencyCollection, oldKeys } from "../../../mixins/idempotency/idempotency.ts";
import { inboxRows, messagingCollections, outboxRows } from "../../../mixins/messaging/outbox.ts";
import { STREAM_MAX_AGE_MS } from "../../../mixins/messaging/streams.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { type ConnectedStore, insert } from "../../../mixins/persistence/store.ts";
import { storeMixin } from "../../../mixins/persistence/store-mixin.ts";
import { retention as retentionMixin } from "../../../mixins/retention/retention.ts";
import { orders } from "../../../services/orders/contract.ts";
import { participants } from "../../../services/worker/domain/participants.ts";
import { retention } from "../../../services/worker/handlers/jobs/retention.ts";
import { createJobRuns, jobRows, jobRunRows } from "../../../services/worker/repositories/job-runs.ts";
import { temporaryFolder } from "../persistence/temp-folder.ts";

const NOW = Date.parse("2026-11-22T03:00:00.000Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const INBOX_DAYS = STREAM_MAX_AGE_MS / DAY + 1;
const settledOrder = newId("ord", NOW);
/** Settled two days ago. */
const lateOrder = newId("ord", NOW);
const openOrder = newId("ord", NOW);

describe("Retention", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let broker: ServiceBroker;
  const stores = new Map<string, ConnectedStore>();
  const storeOf = (service: string) => stores.get(service) as ConnectedStore;
  let away: string | undefined;

  beforeEach(async () => {
    folder = temporaryFolder();
    away = undefined;
    broker = new ServiceBroker({ logger: false, requestTimeout: 5_000 });
    const { settledOf } = orders.calls;
    for (const service of participants) {
      const store = createSqliteStore({
        file: join(folder.path, `${service}.sqlite`),
        collections: [jobRows, jobRunRows, idempotencyCollection, ...messagingCollections],
      });
      stores.set(service, store);
      broker.createService({
        name: service,
        mixins: [retentionMixin({ service, store, aging: [oldKeys], clock: () => NOW }), storeMixin(store)],
        actions:
          service === "orders"
            ? answerCalls(
                { settledOf },
                {
                  settledOf: async ({ orderIds, forSeconds }) => ({
                    orderIds: orderIds.filter(
                      (id) => id === settledOrder || (id === lateOrder && forSeconds < 2 * 86_400),
                    ),
                  }),
                },
              )
            : {},
        hooks: {
          before: {
            "*": () => {
              if (away === service) throw new Error("away");
            },
          },
        },
      });
    }
    await broker.start();
  });
  afterEach(async () => {
    await broker.stop();
    folder.remove();
  });

  async function addOutbox(service: string, orderId: string, ageMs: number, pending = 0): Promise<string> {
    const id = newId("evt", NOW);
    const message = { id, type: "order.placed", subject: orderId };
    await storeOf(service).commit([
      insert(outboxRows, {
        id,
        subject: orderId,
        kind: "event",
        message: message as never,
        request: { requestId: "r" },
        pending,
        createdAt: NOW - ageMs,
      }),
    ]);
    return id;
  }
  async function addInbox(service: string, orderId: string, ageMs: number): Promise<string> {
    const id = newId("evt", NOW);
    await storeOf(service).commit([insert(inboxRows, { id, subject: orderId, handledAt: NOW - ageMs })]);
    return id;
  }
  const idsIn = async (service: string, collection: typeof outboxRows | typeof inboxRows) =>
    (await storeOf(service).find(collection as typeof inboxRows)).map(({ id }) => id);

  const clean = () =>
    retention({ runs: createJobRuns({ store: storeOf("worker") }), clock: () => NOW })(
      { broker, call: broker.call.bind(broker) } as never,
      { signal: new AbortController().signal },
    );

  test("removes outbox rows of settled orders after a day, and no others", async () => {
    await addOutbox("orders", settledOrder, DAY);
    const kept = [
      await addOutbox("orders", settledOrder, DAY - 1),
      await addOutbox("orders", openOrder, 30 * DAY),
      await addOutbox("orders", settledOrder, 30 * DAY, 1),
    ];
    expect(await clean()).toMatchObject({ outbox: 1 });
    expect((await idsIn("orders", outboxRows)).toSorted()).toEqual(kept.toSorted());
  });

  test("keeps inbox rows a day longer than streams keep messages, and as long as their order is not settled", async () => {
    await addInbox("inventory", settledOrder, INBOX_DAYS * DAY);
    const kept = [
      await addInbox("inventory", settledOrder, INBOX_DAYS * DAY - 1),
      await addInbox("inventory", openOrder, 30 * DAY),
    ];
    expect(await clean()).toMatchObject({ inbox: 1 });
    expect((await idsIn("inventory", inboxRows)).toSorted()).toEqual(kept.toSorted());
  });

  test("keeps inbox rows of an order that was settled late: copies of its messages may still be in the streams", async () => {
    const inbox = await addInbox("inventory", lateOrder, 30 * DAY);
    await addOutbox("orders", lateOrder, 30 * DAY);
    expect(await clean()).toMatchObject({ outbox: 1, inbox: 0 });
    expect(await idsIn("inventory", inboxRows)).toEqual([inbox]);
  });

  test("removes no inbox row while some outbox could not be cleaned: its messages could come again", async () => {
    const inbox = await addInbox("inventory", settledOrder, 30 * DAY);
    away = "notifications";
    await expect(clean()).rejects.toMatchObject({ message: expect.stringContaining("notifications") });
    expect(await idsIn("inventory", inboxRows)).toEqual([inbox]);
  });

  test("removes idempotency keys after two days", async () => {
    const key = (name: string, ageMs: number) =>
      insert(idempotencyCollection, {
        key: name,
        fingerprint: "f",
        resourceId: "r",
        rememberedAtMs: NOW - ageMs,
      });
    await storeOf("orders").commit([key("old", 48 * HOUR), key("young", 48 * HOUR - 1)]);
    expect(await clean()).toMatchObject({ keys: 1 });
    expect((await storeOf("orders").find(idempotencyCollection)).map((row) => row.key)).toEqual(["young"]);
  });

  test("removes more than fits in one piece of work", async () => {
    const old = Array.from({ length: 1_200 }, (_, index) =>
      insert(idempotencyCollection, {
        key: `key-${index}`,
        fingerprint: "f",
        resourceId: "r",
        rememberedAtMs: 0,
      }),
    );
    await storeOf("orders").commit(old);
    for (let count = 0; count < 250; count++) await addOutbox("inventory", settledOrder, 2 * DAY);
    expect(await clean()).toMatchObject({ keys: 1_200, outbox: 250 });
  });

  test("removes job runs after a day, but the latest of each job", async () => {
    const run = (id: string, ageMs: number) =>
      insert(jobRunRows, {
        id,
        job: "retention",
        node: "worker-1",
        version: 1,
        startedAt: NOW - ageMs,
        outcome: "succeeded",
      });
    const state = { name: "retention", version: 1, doneTo: NOW, runId: "latest" };
    await storeOf("worker").commit([
      run("old", 2 * DAY),
      run("latest", 3 * DAY),
      run("young", HOUR),
      insert(jobRows, state),
    ]);
    expect(await clean()).toMatchObject({ runs: 1 });
    expect((await storeOf("worker").find(jobRunRows)).map(({ id }) => id).toSorted()).toEqual([
      "latest",
      "young",
    ]);
  });
});
