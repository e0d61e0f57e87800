import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { NatsConnection } from "nats";
import { newId } from "../../contracts/ids.ts";
import { letterHeaders, letterSubject } from "../../mixins/messaging/dead-letter.ts";
import { createMessage } from "../../mixins/messaging/message.ts";
import { loadCluster } from "../../scripts/cluster/cluster.ts";
import { addressesOf } from "../../scripts/cluster/layout.ts";
import { connectNats } from "../../scripts/cluster/nats-client.ts";
import type { ShopClient } from "../../scripts/cluster/shop-client.ts";
import { orders } from "../../services/orders/contract.ts";
import { type DeadLetter, worker } from "../../services/worker/contract.ts";
import { mailsOf } from "../support/audit.ts";
import { startCluster, type TestCluster, until, waitForOrder } from "../support/cluster.ts";
import { publishBody, publishMessage } from "../support/publish-message.ts";
import { placeOrder, productWith } from "../support/shop.ts";

const LETTERS = "/v1/admin/dead-letters";
type Page = { items: DeadLetter[]; nextCursor: string | null };

let cluster: TestCluster;
let connection: NatsConnection;
let operator: ShopClient;
beforeAll(async () => {
  cluster = await startCluster();
  operator = await cluster.admin();
  const saved = loadCluster(cluster.dataDir);
  connection = await connectNats(addressesOf(saved as NonNullable<typeof saved>).nats);
}, 60_000);
afterAll(async () => {
  await connection?.close();
  await cluster.stop();
}, 30_000);

async function letterAt(id: string): Promise<DeadLetter & { body: unknown }> {
  await until(`${id} is a dead letter`, async () => (await operator.get(`${LETTERS}/${id}`)).status === 200);
  return (await operator.get<DeadLetter & { body: unknown }>(`${LETTERS}/${id}`)).body;
}

const listedIds = async () => (await operator.get<Page>(LETTERS)).body.items.map(({ id }) => id);

async function order(): Promise<{ customer: ShopClient; id: string }> {
  const sku = await productWith(cluster, { onHand: 5 });
  const customer = await cluster.customer();
  const { id } = (await placeOrder(customer, { items: [{ sku, quantity: 1 }] })).body;
  return { customer, id };
}

/** A command that fails by itself: there is no such order. */
async function shipNothing(): Promise<string> {
  const orderId = newId("ord", Date.now());
  const command = createMessage(worker.commands.shipFulfilment, {
    subject: orderId,
    version: 1,
    data: { orderId },
    nowMs: Date.now(),
  });
  await publishMessage(connection, command, { requestId: "req-ship-nothing" });
  return `worker--fulfilment-ship:${command.message.id}`;
}

describe("a poisoned event", () => {
  test("is a dead letter of each of its consumers, while orders go on", async () => {
    const eventId = newId("evt", Date.now());
    const orderId = newId("ord", Date.now());
    const body = { id: eventId, type: "order.placed", data: "poison" };
    await publishBody(connection, `events.order.placed.${orderId}`, JSON.stringify(body), {
      requestId: "req-poison",
    });
    const { customer, id } = await order();
    await waitForOrder(customer, id, "fulfilled");
    for (const service of ["inventory", "notifications"]) {
      const consumer = `${service}--order-placed`;
      expect(await letterAt(`${consumer}:${eventId}`)).toMatchObject({
        service,
        consumer,
        eventId,
        type: "order.placed",
        orderId,
        error: { code: "INVALID_SHAPE" },
        requestId: "req-poison",
        body,
      });
      expect(await listedIds()).toContain(`${consumer}:${eventId}`);
    }
  }, 60_000);
});

describe("a dead letter", () => {
  test("whose message fails again when it is replayed is kept: 409 with the reason", async () => {
    const id = await shipNothing();
    await letterAt(id);
    const answer = await operator.post<{ type: string; error: unknown }>(`${LETTERS}/${id}/replay`, {});
    expect([answer.status, answer.body.type]).toEqual([409, "/problems/replay-failed"]);
    expect(answer.body.error).toMatchObject({ code: "ORDER_NOT_FOUND" });
    expect(await letterAt(id)).toMatchObject({ requestId: "req-ship-nothing" });
  }, 40_000);

  test("that is discarded is gone, and no copy of its message brings it back", async () => {
    const id = await shipNothing();
    const { body } = await letterAt(id);
    expect((await operator.delete(`${LETTERS}/${id}`)).status).toBe(200);
    expect((await operator.delete(`${LETTERS}/${id}`)).status).toBe(404);
    const { orderId } = (body as { data: { orderId: string } }).data;
    await publishBody(connection, `commands.fulfilment.ship.${orderId}`, JSON.stringify(body));
    // Whatever comes later is handled later.
    await letterAt(await shipNothing());
    expect((await operator.get(`${LETTERS}/${id}`)).status).toBe(404);
  }, 40_000);

  test("whose message can be handled now is gone after its replay, which has one effect", async () => {
    const { customer, id } = await order();
    const fulfilled = await waitForOrder(customer, id, "fulfilled");
    await until("the mails are sent", () => mailsOf(cluster, id).length === 3, 30_000);
    const { message } = createMessage(orders.events.fulfilled, {
      subject: id,
      version: fulfilled.version,
      data: { order: fulfilled },
      nowMs: Date.now(),
    });
    const details = {
      consumer: "notifications--order-fulfilled",
      eventId: message.id,
      subject: `events.order.fulfilled.${id}`,
      error: { code: "UNKNOWN_SCHEMA_VERSION", message: "This version of the service did not know it" },
      tries: 4,
      at: new Date().toISOString(),
    };
    const headers = letterHeaders({ details, request: { requestId: "req-replay" }, copy: "1" });
    await connection.jetstream().publish(letterSubject(details), JSON.stringify(message), { headers });

    const letter = await letterAt(`notifications--order-fulfilled:${message.id}`);
    expect((await operator.post(`${LETTERS}/${letter.id}/replay`, {})).status).toBe(200);
    expect((await operator.post(`${LETTERS}/${letter.id}/replay`, {})).status).toBe(404);
    expect(await listedIds()).not.toContain(letter.id);
    expect(mailsOf(cluster, id)).toHaveLength(3);
  }, 60_000);
});

describe("the routes of dead letters", () => {
  test("are for operators alone", async () => {
    const customer = await cluster.customer();
    expect((await customer.get(LETTERS)).status).toBe(403);
    expect((await cluster.shop.get(LETTERS)).status).toBe(401);
    expect((await customer.delete(`${LETTERS}/a--b:EVENTS-1-1`)).status).toBe(403);
  });

  test("page through all letters, the newest first", async () => {
    const newest = await shipNothing();
    await letterAt(newest);
    const all = await listedIds();
    expect(all[0]).toBe(newest);
    const paged: string[] = [];
    for (let cursor = ""; ; ) {
      const { body } = await operator.get<Page>(`${LETTERS}?limit=1${cursor}`);
      paged.push(...body.items.map(({ id }) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(paged).toEqual(all);
  }, 40_000);

  test.each([["a--b:EVENTS-1-1"], [`a--b:evt_${"0".repeat(32)}`], ["*"], ["a--b:*"], ["x"]])(
    "do not find %s",
    async (id) => {
      expect((await operator.get(`${LETTERS}/${encodeURIComponent(id)}`)).status).toBe(404);
      expect((await operator.post(`${LETTERS}/${encodeURIComponent(id)}/replay`, {})).status).toBe(404);
    },
  );
});
