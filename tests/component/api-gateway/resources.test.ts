import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { User } from "../../../contracts/shapes.ts";
import type { Product, StockMovement } from "../../../services/inventory/contract.ts";
import { anOrder } from "../../support/orders-mother.ts";
import { type GatewayFixture, openGateway, refusal } from "./gateway-fixture.ts";

let gateway: GatewayFixture;
let user: User;
let customer: { headers: { authorization: string } };
let operator: { headers: { authorization: string } };
beforeAll(async () => {
  gateway = await openGateway();
  const signedIn = await gateway.signIn("customer");
  user = signedIn.user;
  customer = { headers: { authorization: signedIn.authorization } };
  operator = { headers: { authorization: (await gateway.signIn("operator")).authorization } };
});
afterAll(() => gateway.stop());
beforeEach(() => {
  gateway.calls.length = 0;
});

const tea = {
  sku: "TEA-100",
  name: "Green tea",
  description: "From Uji",
  price: { amount: 450, currency: "EUR" },
  available: 7,
};
const teaWithVersion: Product = { ...tea, version: 3 };
const receipt: StockMovement = {
  id: "mov_1",
  sku: "TEA-100",
  kind: "receipt",
  onHandDelta: 5,
  reservedDelta: 0,
  by: `usr_${"0".repeat(32)}`,
  requestId: "r1",
  at: "2026-11-22T10:00:00.000Z",
};
const idempotency = { key: expect.any(String), fingerprint: expect.any(String) };
const lastCall = () => gateway.calls.at(-1);

describe("registering", () => {
  const ada = { email: "ada@example.com", password: "correct horse", name: "Ada" };

  test("answers the new user", async () => {
    const registered = { ...user, email: ada.email };
    gateway.stubs.accounts.register = async () => registered;
    const answer = await gateway.send("POST", "/v1/auth/register", { body: ada });
    expect([answer.status, answer.body]).toEqual([201, { user: registered }]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(lastCall()?.params).toEqual(ada);
  });

  test("with an address that is taken is a conflict", async () => {
    gateway.stubs.accounts.register = async () => {
      throw refusal("EMAIL_TAKEN", { email: "somebody@example.com" });
    };
    const answer = await gateway.send("POST", "/v1/auth/register", { body: ada });
    expect([answer.status, answer.body.type]).toEqual([409, "/problems/email-taken"]);
    expect(JSON.stringify(answer.body)).not.toContain("somebody");
  });

  test.each([
    ["a short password", { password: "1234567" }, "password"],
    ["a long password", { password: "x".repeat(129) }, "password"],
    ["no address", { email: "ada" }, "email"],
    ["an empty name", { name: " " }, "name"],
    ["a role", { roles: ["admin"] }, "roles"],
  ])("with %s is refused by name", async (_, wrong, path) => {
    const answer = await gateway.send("POST", "/v1/auth/register", { body: { ...ada, ...wrong } });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ path }]);
    expect(gateway.calls).toEqual([]);
  });
});

describe("logging in", () => {
  test("answers a token", async () => {
    const session = { accessToken: "x.y.z", tokenType: "Bearer" as const, expiresIn: 3600, user };
    gateway.stubs.accounts.login = async () => session;
    const answer = await gateway.send("POST", "/v1/auth/login", {
      body: { email: "a@b.cd", password: "12345678" },
    });
    expect([answer.status, answer.body]).toEqual([200, session]);
  });

  test("with wrong credentials is unauthorized", async () => {
    gateway.stubs.accounts.login = async () => {
      throw refusal("BAD_CREDENTIALS");
    };
    const answer = await gateway.send("POST", "/v1/auth/login", { body: { email: "a@b.cd", password: "1" } });
    expect([answer.status, answer.body.type]).toEqual([401, "/problems/bad-credentials"]);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
  });
});

test("me is the user as accounts knows them now", async () => {
  gateway.stubs.accounts.getUser = async () => ({ ...user, name: "New name" });
  const answer = await gateway.send("GET", "/v1/auth/me", customer);
  expect([answer.status, answer.body]).toEqual([200, { user: { ...user, name: "New name" } }]);
  expect(lastCall()?.params).toEqual({ userId: user.id });
});

test("the public keys are there for anybody", async () => {
  const answer = await gateway.send("GET", "/.well-known/jwks.json");
  expect([answer.status, answer.body]).toEqual([200, { keys: await gateway.tokens.publicKeys() }]);
});

describe("products", () => {
  test("are listed for anybody, without what is internal", async () => {
    gateway.stubs.inventory.listProducts = async () => ({ items: [teaWithVersion], nextCursor: "next" });
    const answer = await gateway.send("GET", "/v1/products?q=tea");
    expect([answer.status, answer.body]).toEqual([200, { items: [tea], nextCursor: "next" }]);
    expect(lastCall()?.params).toEqual({ q: "tea", limit: 20 });
  });

  test("with a cursor that is not ours are refused", async () => {
    gateway.stubs.inventory.listProducts = async () => {
      throw refusal("BAD_CURSOR");
    };
    const answer = await gateway.send("GET", "/v1/products?cursor=x");
    expect([answer.status, answer.body.type]).toEqual([422, "/problems/bad-cursor"]);
  });

  test("one is shown for anybody", async () => {
    gateway.stubs.inventory.getProduct = async () => teaWithVersion;
    const answer = await gateway.send("GET", "/v1/products/TEA-100");
    expect([answer.status, answer.body]).toEqual([200, tea]);
    expect(lastCall()?.params).toEqual({ sku: "TEA-100" });
  });

  test.each([
    "/v1/products/NO-SUCH",
    "/v1/products/tea-100",
    "/v1/products/A",
    "/v1/products/A%2FB",
    "/v1/products/A%00B",
  ])("%s does not exist", async (path) => {
    gateway.stubs.inventory.getProduct = async () => {
      throw refusal("PRODUCT_NOT_FOUND", { sku: "NO-SUCH" });
    };
    const answer = await gateway.send("GET", path);
    expect([answer.status, answer.body.type]).toEqual([404, "/problems/not-found"]);
  });

  test("are created by operators", async () => {
    gateway.stubs.inventory.createProduct = async () => ({ product: teaWithVersion, replayed: false });
    const { available: _, ...body } = { ...tea, onHand: 7 };
    const answer = await gateway.send("POST", "/v1/products", { ...operator, body });
    expect([answer.status, answer.body]).toEqual([201, tea]);
    expect(answer.headers.get("location")).toBe("/v1/products/TEA-100");
    expect(answer.headers.get("idempotent-replayed")).toBeNull();
    expect(lastCall()?.params).toEqual({ product: body, idempotency });
  });

  test("that exist already are a conflict", async () => {
    gateway.stubs.inventory.createProduct = async () => {
      throw refusal("SKU_TAKEN", { sku: "TEA-100" });
    };
    const { available: _, ...body } = tea;
    const answer = await gateway.send("POST", "/v1/products", { ...operator, body });
    expect(answer.body).toMatchObject({ status: 409, type: "/problems/sku-taken", sku: "TEA-100" });
  });

  test.each([
    ["a bad sku", { sku: "tea" }, "sku"],
    ["a price in floats", { price: { amount: 4.5, currency: "EUR" } }, "price.amount"],
    ["a price of 1e21", { price: { amount: 1e21, currency: "EUR" } }, "price.amount"],
    ["a negative price", { price: { amount: -1, currency: "EUR" } }, "price.amount"],
    ["a bad currency", { price: { amount: 1, currency: "euro" } }, "price.currency"],
    ["a negative stock", { onHand: -1 }, "onHand"],
    ["an unknown field", { available: 3 }, "available"],
  ])("with %s are refused by name", async (_, wrong, path) => {
    const { available: __, ...body } = tea;
    const answer = await gateway.send("POST", "/v1/products", { ...operator, body: { ...body, ...wrong } });
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, path]);
    expect(gateway.calls).toEqual([]);
  });

  test("are changed by operators", async () => {
    gateway.stubs.inventory.updateProduct = async () => ({ product: teaWithVersion, replayed: false });
    const answer = await gateway.send("PATCH", "/v1/products/TEA-100", {
      ...operator,
      body: { name: "Tea" },
    });
    expect([answer.status, answer.body]).toEqual([200, tea]);
    expect(lastCall()?.params).toEqual({ sku: "TEA-100", change: { name: "Tea" }, idempotency });
    expect(lastCall()).toMatchObject({
      params: { idempotency: { key: expect.stringContaining(":PATCH:/v1/products/TEA-100:") } },
    });
  });

  test.each([{}, { sku: "TEA-200" }, { onHand: 5 }])("are not changed by %j", async (body) => {
    const answer = await gateway.send("PATCH", "/v1/products/TEA-100", { ...operator, body });
    expect(answer.status).toBe(422);
    expect(gateway.calls).toEqual([]);
  });

  test("get stock by receipts", async () => {
    gateway.stubs.inventory.receiveStock = async () => ({ movement: receipt, replayed: false });
    const answer = await gateway.send("POST", "/v1/products/TEA-100/receipts", {
      ...operator,
      body: { quantity: 5 },
    });
    expect([answer.status, answer.body]).toEqual([201, receipt]);
    expect(answer.headers.get("location")).toBe("/v1/products/TEA-100/movements");
    expect(lastCall()?.params).toEqual({ sku: "TEA-100", receipt: { quantity: 5 }, idempotency });
  });

  test.each([0, -1, 1.5, "1", 1e21, null])("get no stock by a receipt of %j", async (quantity) => {
    const answer = await gateway.send("POST", "/v1/products/TEA-100/receipts", {
      ...operator,
      body: { quantity },
    });
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, "quantity"]);
  });

  test("show their ledger to operators", async () => {
    gateway.stubs.inventory.listMovements = async () => ({ items: [receipt], nextCursor: null });
    const answer = await gateway.send("GET", "/v1/products/TEA-100/movements?limit=100", operator);
    expect([answer.status, answer.body]).toEqual([200, { items: [receipt], nextCursor: null }]);
    expect(lastCall()?.params).toEqual({ sku: "TEA-100", limit: 100 });
  });
});

describe("placing an order", () => {
  const body = { items: [{ sku: "TEA-100", quantity: 2 }] };
  const place = (given: unknown = body, headers: Record<string, string> = {}) =>
    gateway.send("POST", "/v1/orders", { body: given, headers: { ...customer.headers, ...headers } });

  test("answers the order and where it is", async () => {
    const order = anOrder();
    gateway.stubs.orders.place = async () => ({ order, replayed: false });
    const answer = await place();
    expect([answer.status, answer.body]).toEqual([201, order]);
    expect(answer.headers.get("location")).toBe(`/v1/orders/${order.id}`);
    expect(lastCall()).toMatchObject({
      user,
      params: { order: { ...body, paymentMethod: "pm_card_ok" }, idempotency },
    });
  });

  test("again with the same key answers as at first, and says so", async () => {
    const order = anOrder({ status: "fulfilled" });
    gateway.stubs.orders.place = async () => ({ order, replayed: true });
    const answer = await place(body, { "idempotency-key": "k" });
    expect([answer.status, answer.body]).toEqual([201, order]);
    expect(answer.headers.get("idempotent-replayed")).toBe("true");
    expect(answer.headers.get("location")).toBe(`/v1/orders/${order.id}`);
  });

  test.each([
    ["INSUFFICIENT_STOCK", { skus: ["TEA-100"] }, 409, "insufficient-stock", { skus: ["TEA-100"] }],
    ["UNKNOWN_SKU", { skus: ["NO-SUCH"] }, 422, "unknown-sku", { skus: ["NO-SUCH"] }],
    [
      "MIXED_CURRENCIES",
      { currencies: ["EUR", "USD"] },
      422,
      "mixed-currencies",
      { currencies: ["EUR", "USD"] },
    ],
    ["IDEMPOTENCY_KEY_REUSED", { secret: 1 }, 422, "idempotency-key-reused", {}],
  ])("that is refused with %s tells what is needed to mend it", async (type, data, status, name, shown) => {
    gateway.stubs.orders.place = async () => {
      throw refusal(type, data);
    };
    const answer = await place();
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      type: `/problems/${name}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: "/v1/orders",
      requestId: expect.any(String),
      ...shown,
    });
  });

  const line = { sku: "TEA-100", quantity: 1 };
  test.each([
    ["a quantity of 0", { items: [{ ...line, quantity: 0 }] }, "items.0.quantity"],
    ["a quantity of -1", { items: [{ ...line, quantity: -1 }] }, "items.0.quantity"],
    ["a quantity of 1.5", { items: [{ ...line, quantity: 1.5 }] }, "items.0.quantity"],
    ['a quantity of "1"', { items: [{ ...line, quantity: "1" }] }, "items.0.quantity"],
    ["a quantity of 1e21", { items: [{ ...line, quantity: 1e21 }] }, "items.0.quantity"],
    ["a quantity of 1001", { items: [{ ...line, quantity: 1001 }] }, "items.0.quantity"],
    ["no lines", { items: [] }, "items"],
    ["the same sku twice", { items: [line, line] }, "items.1.sku"],
    ["101 lines", { items: Array.from({ length: 101 }, (_, n) => ({ ...line, sku: `SKU-${n}` })) }, "items"],
    ["items that are no list", { items: { 0: line } }, "items"],
    ["a malformed sku", { items: [{ ...line, sku: "tea 100" }] }, "items.0.sku"],
    ["an unknown field", { items: [line], total: 1 }, "total"],
    ["an unknown field of a line", { items: [{ ...line, price: 1 }] }, "items.0.price"],
    ["a number for an address", { items: [line], shippingAddress: 7 }, "shippingAddress"],
    ["a payment method that is no token", { items: [line], paymentMethod: "4242 4242" }, "paymentMethod"],
    ["a list instead of an order", [line], ""],
    ["null", null, ""],
  ])("with %s is refused by name, and nothing is asked of orders", async (_, wrong, path) => {
    const answer = await place(wrong === null ? "null" : wrong);
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, path]);
    expect(gateway.calls).toEqual([]);
  });
});

describe("orders", () => {
  test("are listed with the filters that were asked for", async () => {
    const order = anOrder();
    gateway.stubs.orders.list = async () => ({ items: [order], nextCursor: null });
    const path = `/v1/orders?status=placed&customerId=${user.id}&limit=2&cursor=c`;
    const answer = await gateway.send("GET", path, operator);
    expect([answer.status, answer.body]).toEqual([200, { items: [order], nextCursor: null }]);
    expect(lastCall()?.params).toEqual({ status: "placed", customerId: user.id, limit: 2, cursor: "c" });
  });

  test.each(["status=lost", "customerId=ann", "customerId="])("are not listed by %s", async (query) => {
    expect((await gateway.send("GET", `/v1/orders?${query}`, customer)).status).toBe(422);
  });

  test("one is shown to whoever may see it", async () => {
    const order = anOrder();
    gateway.stubs.orders.get = async () => order;
    const answer = await gateway.send("GET", `/v1/orders/${order.id}`, customer);
    expect([answer.status, answer.body]).toEqual([200, order]);
    expect(lastCall()).toMatchObject({ params: { orderId: order.id }, user });
  });

  test("a foreign, a missing and an impossible one look the same", async () => {
    gateway.stubs.orders.get = async () => {
      throw refusal("ORDER_NOT_FOUND", { orderId: "ord_1" });
    };
    const [foreign, impossible] = await Promise.all([
      gateway.send("GET", `/v1/orders/${anOrder().id}`, customer),
      gateway.send("GET", "/v1/orders/1001", customer),
    ]);
    const { instance: _, requestId: __, ...problem } = foreign.body;
    expect(problem).toEqual({
      type: "/problems/not-found",
      title: expect.any(String),
      status: 404,
      detail: expect.any(String),
    });
    expect(impossible.body).toMatchObject(problem);
  });
});

describe("the ETag", () => {
  test.each(["/v1/products", "/v1/products/TEA-100", "/v1/orders", "/v1/orders/:id"])(
    "of %s answers 304 to whoever has the newest state, and the state to everybody else",
    async (template) => {
      const order = anOrder();
      const path = template.replace(":id", order.id);
      let version = "old";
      const item = () => ({ ...teaWithVersion, name: version });
      gateway.stubs.inventory.listProducts = async () => ({ items: [item()], nextCursor: null });
      gateway.stubs.inventory.getProduct = async () => item();
      gateway.stubs.orders.list = async () => ({ items: [{ ...order, note: version }], nextCursor: null });
      gateway.stubs.orders.get = async () => ({ ...order, note: version });
      const get = (etag?: string) =>
        gateway.send("GET", path, {
          headers: { ...customer.headers, ...(etag ? { "if-none-match": etag } : {}) },
        });

      const first = await get();
      const etag = first.headers.get("etag") as string;
      expect(etag).toMatch(/^"[\w-]+"$/);
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const unchanged = await get(known);
        expect([unchanged.status, unchanged.body]).toEqual([304, undefined]);
        expect(unchanged.headers.get("etag")).toBe(etag);
      }
      version = "new";
      expect((await get(etag)).status).toBe(200);
    },
  );

  test("does not turn a write into a 304", async () => {
    gateway.stubs.orders.place = async () => ({ order: anOrder(), replayed: false });
    const answer = await gateway.send("POST", "/v1/orders", {
      body: { items: [{ sku: "TEA-100", quantity: 2 }] },
      headers: { ...customer.headers, "if-none-match": "*" },
    });
    expect(answer.status).toBe(201);
  });
});
