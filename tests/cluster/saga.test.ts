import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startCluster, type TestCluster, until, waitForOrder } from "../support/cluster.ts";
import { availableOf, placeOrder, productWith } from "../support/shop.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 60_000);
afterAll(() => cluster.stop(), 30_000);

/** The parts whose logs have a line of this request. */
function partsThatLogged(requestId: string): string[] {
  const folder = join(cluster.dataDir, "logs");
  return readdirSync(folder)
    .filter((name) => readFileSync(join(folder, name), "utf8").includes(`"requestId":"${requestId}"`))
    .map((name) => name.replace("-1.log", ""))
    .sort();
}

const subjects = (orderId: string) =>
  cluster.mails(orderId).map((mail) => /Message-ID:\s+<ord_[0-9a-f]+\.(\w+)@/.exec(mail)?.[1]);

const movements = async (sku: string) =>
  (await (await cluster.admin()).get<{ items: Movement[] }>(`/v1/products/${sku}/movements`)).body.items;

interface Movement {
  readonly kind: string;
  readonly orderId?: string;
  readonly requestId: string;
  readonly onHandDelta: number;
  readonly reservedDelta: number;
}

describe("an order", () => {
  test("goes from HTTP to shipment, and its mails, ledger lines, movements and logs carry its request id", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const customer = await cluster.customer();
    const placed = await placeOrder(customer, { items: [{ sku, quantity: 2 }] });
    expect(placed.status).toBe(201);
    const { id } = placed.body;
    const requestId = placed.headers.get("x-request-id") as string;
    expect(placed.headers.get("location")).toBe(`/v1/orders/${id}`);

    const order = await waitForOrder(customer, id, "fulfilled");
    expect(order.history.map(({ status }) => status)).toEqual(["placed", "confirmed", "fulfilled"]);
    expect(order.payment.status).toBe("captured");

    await until("three mails are sent", () => cluster.mails(id).length === 3);
    expect(subjects(id).sort()).toEqual(["confirmed", "fulfilled", "placed"]);
    for (const mail of cluster.mails(id)) {
      expect(mail).toMatch(new RegExp(`^X-Request-Id: ${requestId}\\r?$`, "m"));
      expect(mail).toMatch(new RegExp(`^X-Order-Id: ${id}\\r?$`, "m"));
      expect(mail).toContain(String(order.number));
    }
    expect(cluster.ledger(id).map(({ kind, outcome, requestId: by }) => [kind, outcome, by])).toEqual([
      ["authorize", "succeeded", requestId],
      ["capture", "succeeded", requestId],
    ]);
    const ofOrder = (await movements(sku)).filter(({ orderId }) => orderId === id);
    expect(ofOrder.map((movement) => [movement.kind, movement.requestId]).sort()).toEqual([
      ["reservation", requestId],
      ["shipment", requestId],
    ]);
    expect(await availableOf(cluster, sku)).toBe(3);
    const services = ["api-gateway", "inventory", "notifications", "orders", "worker"];
    expect(partsThatLogged(requestId)).toEqual(expect.arrayContaining(services));
  }, 30_000);

  test("with a declined card is rejected, its hold released, its customer told", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const customer = await cluster.customer();
    const { body } = await placeOrder(customer, {
      items: [{ sku, quantity: 2 }],
      paymentMethod: "pm_card_declined",
    });
    const order = await waitForOrder(customer, body.id, "rejected");
    expect(order.history.at(-1)?.reason).toBe("payment_declined");
    await until("the hold is released", async () =>
      (await movements(sku)).some(({ kind }) => kind === "release"),
    );
    expect(await availableOf(cluster, sku)).toBe(5);
    await until("two mails are sent", () => cluster.mails(body.id).length === 2);
    expect(subjects(body.id).sort()).toEqual(["placed", "rejected"]);
    expect(cluster.ledger(body.id).map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ["authorize", "declined"],
    ]);
  }, 30_000);

  test("whose authorization commits and never answers is paid once", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const customer = await cluster.customer();
    const { body } = await placeOrder(customer, {
      items: [{ sku, quantity: 1 }],
      paymentMethod: "pm_card_timeout",
    });
    await waitForOrder(customer, body.id, "fulfilled");
    expect(cluster.ledger(body.id).map(({ kind }) => kind)).toEqual(["authorize", "capture"]);
  }, 40_000);

  test("for more than there is answers 409 at once and stores nothing", async () => {
    const sku = await productWith(cluster, { onHand: 1 });
    const customer = await cluster.customer();
    const refused = await placeOrder(customer, { items: [{ sku, quantity: 2 }] });
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ type: "/problems/insufficient-stock", skus: [sku] });
    expect((await customer.get<{ items: unknown[] }>("/v1/orders")).body.items).toEqual([]);
  });

  test("for the last unit is won by one of twenty customers; the others are refused or rejected", async () => {
    const sku = await productWith(cluster, { onHand: 1 });
    const customer = await cluster.customer();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => placeOrder(customer, { items: [{ sku, quantity: 1 }] })),
    );
    const placed = answers.filter(({ status }) => status === 201);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    const ends = await Promise.all(
      placed.map(({ body }) => waitForOrder(customer, body.id, ["fulfilled", "rejected"])),
    );
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await availableOf(cluster, sku)).toBe(0);
  }, 30_000);

  test("keeps the price and name of its placing, whatever changes later", async () => {
    const sku = await productWith(cluster, { onHand: 5, price: 450 });
    const customer = await cluster.customer();
    const { body } = await placeOrder(customer, { items: [{ sku, quantity: 2 }] });
    const admin = await cluster.admin();
    await admin.patch(`/v1/products/${sku}`, { name: "Another", price: { amount: 999, currency: "EUR" } });
    const order = await waitForOrder(customer, body.id, "fulfilled");
    expect(order.total).toEqual({ amount: 900, currency: "EUR" });
    expect(order.items[0]?.name).not.toBe("Another");
  }, 30_000);
});

describe("one idempotency key", () => {
  test("is one order, however often and at once it is asked for", async () => {
    const sku = await productWith(cluster, { onHand: 50 });
    const customer = await cluster.customer();
    const body = { items: [{ sku, quantity: 1 }] };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => placeOrder(customer, body, "one-key")),
    );
    const orders = answers.filter(({ status }) => status === 201);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    expect(new Set(orders.map(({ body: order }) => order.id)).size).toBe(1);
    expect((await customer.get<{ items: unknown[] }>("/v1/orders")).body.items).toHaveLength(1);
    const other = await placeOrder(customer, { items: [{ sku, quantity: 2 }] }, "one-key");
    expect(other.status).toBe(422);
  });
});

describe("an order that is somebody else's", () => {
  test("looks like one that does not exist", async () => {
    const sku = await productWith(cluster, { onHand: 5 });
    const { body } = await placeOrder(await cluster.customer(), { items: [{ sku, quantity: 1 }] });
    const stranger = await cluster.customer();
    const foreign = await stranger.get(`/v1/orders/${body.id}`);
    const missing = await stranger.get(`/v1/orders/ord_${"0".repeat(32)}`);
    expect([foreign.status, missing.status]).toEqual([404, 404]);
    expect((await (await cluster.admin()).get(`/v1/orders/${body.id}`)).status).toBe(200);
  });
});

describe("bad input", () => {
  test.each([
    ["an unknown sku", { items: [{ sku: "NO-SUCH-THING", quantity: 1 }] }],
    ["quantity 0", { items: [{ sku: "TEA-100", quantity: 0 }] }],
    ["quantity -1", { items: [{ sku: "TEA-100", quantity: -1 }] }],
    ["quantity 1.5", { items: [{ sku: "TEA-100", quantity: 1.5 }] }],
    ["quantity as text", { items: [{ sku: "TEA-100", quantity: "1" }] }],
    ["quantity 1e21", { items: [{ sku: "TEA-100", quantity: 1e21 }] }],
    [
      "a sku twice",
      {
        items: [
          { sku: "TEA-100", quantity: 1 },
          { sku: "TEA-100", quantity: 1 },
        ],
      },
    ],
    [
      "101 lines",
      { items: Array.from({ length: 101 }, (_, index) => ({ sku: `TEA-${index}`, quantity: 1 })) },
    ],
    ["an unknown field", { items: [{ sku: "TEA-100", quantity: 1 }], color: "red" }],
  ])("such as %s is 422 and stores nothing", async (_what, body) => {
    const customer = await cluster.customer();
    const refused = await placeOrder(customer, body as never);
    expect(refused.status).toBe(422);
    expect(refused.headers.get("content-type")).toContain("application/problem+json");
    expect((await customer.get<{ items: unknown[] }>("/v1/orders")).body.items).toEqual([]);
  });

  test("such as two currencies is 422 and stores nothing", async () => {
    const euros = await productWith(cluster, { onHand: 5 });
    const dollars = await productWith(cluster, { onHand: 5, currency: "USD" });
    const customer = await cluster.customer();
    const items = [euros, dollars].map((sku) => ({ sku, quantity: 1 }));
    expect((await placeOrder(customer, { items })).status).toBe(422);
    expect((await customer.get<{ items: unknown[] }>("/v1/orders")).body.items).toEqual([]);
  });

  test("such as no token is 401", async () => {
    const refused = await placeOrder(cluster.shop, { items: [{ sku: "TEA-100", quantity: 1 }] });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain("Bearer");
  });
});
