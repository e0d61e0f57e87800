import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { newId } from "../../../contracts/ids.ts";
import { messagingContract } from "../../../mixins/messaging/contract.ts";
import { inventory, type Reservation } from "../../../services/inventory/contract.ts";
import { orders } from "../../../services/orders/contract.ts";
import { type Participant, participants } from "../../../services/worker/domain/participants.ts";
import type { StreamFill } from "../../../services/worker/domain/streams.ts";
import { reconcile } from "../../../services/worker/handlers/jobs/reconcile.ts";
import { openJobFixture, type Stub, stub } from "./job-fixture.ts";

interface Unsettled {
  readonly orderId: string;
  version: number;
  canSettle: boolean;
}

const MINUTE = 60_000;
const stream: StreamFill = {
  name: "EVENTS",
  created: "one",
  firstSeq: 1,
  lastSeq: 10,
  bytes: 0,
  maxBytes: 100,
};

describe("The reconciler", () => {
  let unsettled: Unsettled[];
  let reservations: Pick<Reservation, "orderId" | "status">[];
  /** By consumer service: the orders of which it misses a message, and whether that is a dead letter. */
  let missing: Partial<Record<Participant, { orderId: string; isDead: boolean }[]>>;
  let published: { service: Participant; orderIds: string[] }[];
  let settled: string[];
  let away: Participant | undefined;
  let asked: string[];
  let now: number;
  let survey: StreamFill[];
  let fixture: Awaited<ReturnType<typeof openJobFixture>>;
  let job: ReturnType<typeof reconcile>;

  const order = (fields: Partial<Unsettled> = {}): Unsettled => ({
    orderId: newId("ord", Date.now()),
    version: 5,
    canSettle: true,
    ...fields,
  });

  function messaging(service: Participant): Stub[] {
    const { messagesOf, missingOf, publishAgain } = messagingContract(service).calls;
    const answering = <T>(answer: () => T): T => {
      asked.push(service);
      if (away === service) throw new Error("away");
      return answer();
    };
    return [
      stub(messagesOf, ({ orderIds }) =>
        answering(() => ({
          messages: orderIds.map((orderId) => ({
            eventId: `evt_${service}_${orderId}`,
            type: "order.placed",
            orderId,
          })),
        })),
      ),
      stub(missingOf, ({ messages }) =>
        answering(() => ({
          missing: (missing[service] ?? []).flatMap(({ orderId, isDead }) =>
            messages
              .filter((message) => message.orderId === orderId)
              .map((message) => ({ ...message, consumer: `${service}--order-placed`, isDead })),
          ),
        })),
      ),
      stub(publishAgain, ({ orderIds }) =>
        answering(() => {
          published.push({ service, orderIds });
          return { published: orderIds.length };
        }),
      ),
    ];
  }

  beforeEach(async () => {
    unsettled = [];
    reservations = [];
    missing = {};
    published = [];
    settled = [];
    away = undefined;
    asked = [];
    now = Date.parse("2026-11-22T10:00:00.000Z");
    survey = [stream];
    fixture = await openJobFixture([
      stub(orders.calls.listUnsettled, ({ limit, cursor }) => {
        const start = cursor === undefined ? 0 : unsettled.findIndex(({ orderId }) => orderId === cursor) + 1;
        const items = unsettled.slice(start, start + limit);
        const isLast = start + limit >= unsettled.length;
        return { items: [...items], nextCursor: isLast ? null : (items.at(-1)?.orderId ?? null) };
      }),
      stub(orders.calls.settle, ({ orders: candidates }) => {
        const before = unsettled.length;
        unsettled = unsettled.filter(
          ({ orderId, version }) =>
            !candidates.some((candidate) => candidate.orderId === orderId && candidate.version === version),
        );
        settled.push(...candidates.map(({ orderId }) => orderId));
        return { settled: before - unsettled.length };
      }),
      stub(inventory.calls.reservationsOf, ({ orderIds }) => ({
        reservations: reservations.filter(({ orderId }) => orderIds.includes(orderId)),
      })),
      ...participants.flatMap(messaging),
    ]);
    job = reconcile({ streams: { survey: async () => survey }, clock: () => now, batchesARun: 2 });
  });
  afterEach(() => fixture.stop());

  test("settles orders of which nothing is left to do", async () => {
    unsettled = [order(), order()];
    const ids = unsettled.map(({ orderId }) => orderId);
    expect(await fixture.run(job)).toEqual({ looked: 2, settled: 2, republished: 0 });
    expect(settled).toEqual(ids);
    expect(published).toEqual([]);
  });

  test("asks nobody else when all orders are settled", async () => {
    expect(await fixture.run(job)).toEqual({ looked: 0, settled: 0, republished: 0 });
    expect(asked).toEqual([]);
  });

  test("settles no order whose stock is held", async () => {
    unsettled = [order()];
    reservations = unsettled.map(({ orderId }) => ({ orderId, status: "held" }));
    expect(await fixture.run(job)).toMatchObject({ settled: 0 });
  });

  test("has every service publish the messages of an order again that misses one, ended or not", async () => {
    const [ended, open, fine] = [order(), order({ canSettle: false }), order()];
    unsettled = [ended, open, fine];
    missing = {
      notifications: [{ orderId: ended.orderId, isDead: false }],
      inventory: [{ orderId: open.orderId, isDead: false }],
    };
    expect(await fixture.run(job)).toEqual({ looked: 3, settled: 1, republished: 2 });
    expect(settled).toEqual([fine.orderId]);
    expect(published.map(({ service }) => service).toSorted()).toEqual([...participants].toSorted());
    for (const { orderIds } of published) expect(orderIds).toEqual([ended.orderId, open.orderId]);
  });

  test("counts dead letters as told", async () => {
    unsettled = [order()];
    missing = { notifications: [{ orderId: unsettled[0]?.orderId as string, isDead: true }] };
    expect(await fixture.run(job)).toEqual({ looked: 1, settled: 1, republished: 0 });
  });

  test("adds no copies to streams that still have some, and adds them soon when the streams were wiped", async () => {
    const { orderId } = order();
    unsettled = [order({ orderId, canSettle: false })];
    missing = { inventory: [{ orderId, isDead: false }] };
    const timesPublished = async () => {
      published = [];
      await fixture.run(job);
      return published.length;
    };
    expect(await timesPublished()).toBe(4);
    now += MINUTE;
    expect(await timesPublished()).toBe(0);
    survey = [{ ...stream, created: "another", lastSeq: 0 }];
    expect(await timesPublished()).toBe(4);
    now += 5 * MINUTE;
    expect(await timesPublished()).toBe(4);
  });

  test("settles nothing while a service does not answer, but has messages published again", async () => {
    const [fine, untold] = [order(), order()];
    unsettled = [fine, untold];
    missing = { inventory: [{ orderId: untold.orderId, isDead: false }] };
    away = "notifications";
    await expect(fixture.run(job)).rejects.toMatchObject({
      message: expect.stringContaining("notifications"),
      did: { looked: 2, settled: 0, republished: 1 },
    });
    expect(settled).toEqual([]);
    expect(published.map(({ service }) => service).toSorted()).toEqual(["inventory", "orders", "worker"]);
  });

  test("goes on behind orders that can not be settled: they starve nobody", async () => {
    const stuck = Array.from({ length: 450 }, () => order({ canSettle: false }));
    const fine = order();
    unsettled = [...stuck, fine];
    await fixture.run(job);
    await fixture.run(job);
    expect(settled).toEqual([]);
    expect(await fixture.run(job)).toMatchObject({ looked: 51, settled: 1 });
    expect(await fixture.run(job)).toMatchObject({ looked: 200 });
  });
});
