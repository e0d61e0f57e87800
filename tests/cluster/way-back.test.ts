import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ShopClient } from "../../scripts/cluster/shop-client.ts";
import type { Order } from "../../services/orders/contract.ts";
import { mailsDue, mailsOf, orderFaults, stockFaults } from "../support/audit.ts";
import { startCluster, type TestCluster, until, waitForOrder } from "../support/cluster.ts";
import { availableOf, placeOrder, productWith } from "../support/shop.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 60_000);
afterAll(() => cluster.stop(), 30_000);

const cancel = (shop: ShopClient, { id }: Order, reason?: string) =>
  shop.post<Order>(`/v1/orders/${id}/cancel`, reason === undefined ? {} : { reason });

/** Everything that was done for these orders is undone or done, by ledger, movements and mails. */
async function expectSettled(orders: readonly Order[], shop: ShopClient): Promise<void> {
  const read = async ({ id }: Order) => (await shop.get<Order>(`/v1/orders/${id}`)).body;
  const faults = async () => {
    const now = await Promise.all(orders.map(read));
    return [...now.flatMap((order) => orderFaults(cluster, order)), ...stockFaults(cluster)];
  };
  await until("all is settled", async () => (await faults()).length === 0, 30_000).catch(async () => {
    expect(await faults()).toEqual([]);
  });
}

describe("cancelling", () => {
  test("ends an order, gives back stock and money, and tells the customer; again it answers the same", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const customer = await cluster.customer();
    const order = (
      await placeOrder(customer, { items: [{ sku, quantity: 2 }], paymentMethod: "pm_card_timeout" })
    ).body;
    const cancelled = await cancel(customer, order, "changed my mind");
    expect(cancelled.status).toBe(200);
    expect(cancelled.body.history.at(-1)).toMatchObject({ status: "cancelled", reason: "changed my mind" });
    const again = await cancel(customer, order);
    expect([again.status, again.body.status]).toEqual([200, "cancelled"]);
    await expectSettled([order], customer);
    expect(await availableOf(cluster, sku)).toBe(5);
  }, 40_000);

  test("comes too late for an order that is fulfilled", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const customer = await cluster.customer();
    const order = (await placeOrder(customer, { items: [{ sku, quantity: 1 }] })).body;
    await waitForOrder(customer, order.id, "fulfilled");
    const refused = await cancel(customer, order);
    expect([refused.status, refused.body]).toMatchObject([
      409,
      { type: "/problems/order-cannot-be-cancelled" },
    ]);
  }, 30_000);

  test("is nobody else's business, but operators'", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const customer = await cluster.customer();
    const order = (
      await placeOrder(customer, { items: [{ sku, quantity: 1 }], paymentMethod: "pm_card_timeout" })
    ).body;
    expect((await cancel(await cluster.customer(), order)).status).toBe(404);
    expect((await cancel(await cluster.admin(), order)).status).toBe(200);
    await expectSettled([order], customer);
  }, 30_000);

  test("at random moments leaves money, stock and mails of 300 orders right", async () => {
    const sku = await productWith(cluster, { onHand: 250 });
    const customer = await cluster.customer();
    const orders: Order[] = [];

    async function shopping(client: number): Promise<void> {
      for (let index = 0; index < 15; index++) {
        const paymentMethod = (client + index) % 10 === 0 ? "pm_card_declined" : "pm_card_ok";
        const placed = await placeOrder(customer, { items: [{ sku, quantity: 1 }], paymentMethod });
        if (placed.status !== 201) continue;
        orders.push(placed.body);
        await delay(Math.random() * 250);
        const answer = await cancel(customer, placed.body);
        expect([200, 409]).toContain(answer.status);
      }
    }

    await Promise.all(Array.from({ length: 20 }, (_, client) => shopping(client)));
    const ends = await Promise.all(
      orders.map(({ id }) => waitForOrder(customer, id, ["fulfilled", "cancelled", "rejected"])),
    );
    const count = (status: Order["status"]) => ends.filter((order) => order.status === status).length;
    expect(orders.length).toBeGreaterThan(200);
    expect(count("cancelled")).toBeGreaterThan(10);
    await until("every mail is sent", () => ends.every(isTold), 60_000);
    await expectSettled(ends, customer);
    expect(await availableOf(cluster, sku)).toBe(250 - count("fulfilled"));
  }, 180_000);

  const isTold = (order: Order) => mailsOf(cluster, order.id).length === mailsDue(order).length;
});

describe("returning", () => {
  test("refunds, restocks and tells the customer, once, for operators only", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const customer = await cluster.customer();
    const operator = await cluster.admin();
    const order = (await placeOrder(customer, { items: [{ sku, quantity: 2 }] })).body;
    const path = `/v1/orders/${order.id}/return`;
    expect((await customer.post(path, {})).status).toBe(403);
    await waitForOrder(customer, order.id, "fulfilled");
    expect((await operator.post(path, { reason: "broken" })).status).toBe(200);
    expect((await operator.post<Order>(path, {})).body.status).toBe("returned");
    await expectSettled([order], customer);
    await until("the stock is back", async () => (await availableOf(cluster, sku)) === 5);
    await until("the payment says so", async () => {
      const { body } = await customer.get<Order>(`/v1/orders/${order.id}`);
      return body.payment.status === "refunded";
    });
  }, 40_000);

  test("is refused for an order that is not fulfilled", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const customer = await cluster.customer();
    const order = (
      await placeOrder(customer, { items: [{ sku, quantity: 1 }], paymentMethod: "pm_card_declined" })
    ).body;
    await waitForOrder(customer, order.id, "rejected");
    const refused = await (await cluster.admin()).post(`/v1/orders/${order.id}/return`, {});
    expect([refused.status, refused.body]).toMatchObject([
      409,
      { type: "/problems/order-cannot-be-returned" },
    ]);
  }, 30_000);
});
