import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Errors } from "moleculer";
import { anOrder } from "../../support/orders-mother.ts";
import { type GatewayFixture, openGateway, refusal, userWith } from "./gateway-fixture.ts";

let gateway: GatewayFixture;
let headers: { authorization: string };
beforeAll(async () => {
  gateway = await openGateway();
  const { authorization } = await gateway.signIn("operator");
  headers = { authorization };
  gateway.stubs.orders.list = async () => ({ items: [], nextCursor: null });
  await read();
});
afterAll(() => gateway.stop());
beforeEach(() => {
  gateway.calls.length = 0;
  gateway.log.length = 0;
});

const read = () => gateway.send("GET", "/v1/orders", { headers });
const write = (extra: Record<string, string> = {}) =>
  gateway.send("POST", "/v1/orders", {
    headers: { ...headers, ...extra },
    body: { items: [{ sku: "TEA-100", quantity: 2 }] },
  });
const lost = () => new Errors.RequestRejectedError({ action: "orders.place", nodeID: "orders-1" });
const away = () => new Errors.ServiceNotAvailableError({ action: "orders.place", nodeID: "orders-1" });

/** Each try meets the next of these; a function that throws or answers. */
function inTurn<T>(...turns: (() => T)[]) {
  let turn = 0;
  return async () => (turns[Math.min(turn++, turns.length - 1)] as () => T)();
}
const fails = (error: () => Error) => (): never => {
  throw error();
};
const placed = () => ({ order: anOrder(), replayed: false });

describe("a part that is away", () => {
  const nothingHappened: [string, () => Error][] = [
    ["no node", away],
    ["no such service", () => new Errors.ServiceNotFoundError({ action: "orders.place" })],
    ["a full queue", () => new Errors.QueueIsFullError({ action: "orders.place", size: 1, limit: 1 })],
    [
      "a busy store",
      () => new Errors.MoleculerRetryableError("disk I/O error", 503, "STORE_UNAVAILABLE", {}),
    ],
    ["a dependency", () => new Errors.MoleculerRetryableError("10.0.0.7", 503, "DEPENDENCY_UNAVAILABLE", {})],
  ];
  test.each(nothingHappened)("(%s) makes reads and writes unavailable for now", async (_, failure) => {
    gateway.stubs.orders.list = fails(failure);
    gateway.stubs.orders.place = fails(failure);
    for (const answer of await Promise.all([read(), write()])) {
      expect(answer.body).toEqual({
        type: "/problems/unavailable",
        title: "A part of the system is away",
        status: 503,
        detail: expect.any(String),
        instance: "/v1/orders",
        requestId: expect.any(String),
      });
      expect(answer.headers.get("retry-after")).toBe("1");
    }
  });

  test("is asked again before the client hears of it", async () => {
    gateway.stubs.orders.list = inTurn(fails(away), fails(lost), () => ({ items: [], nextCursor: null }));
    expect((await read()).status).toBe(200);
    expect(gateway.calls).toHaveLength(3);
  });
});

describe("a write whose answer was lost", () => {
  test("is tried again with the same key", async () => {
    gateway.stubs.orders.place = inTurn(fails(lost), placed);
    expect((await write()).status).toBe(201);
    const keys = gateway.calls.map(({ params }) => (params as { idempotency: unknown }).idempotency);
    expect(keys).toHaveLength(2);
    expect(keys[1]).toEqual(keys[0]);
  });

  test.each([
    ["stays lost", [fails(lost)]],
    ["then finds nobody", [fails(lost), fails(away)]],
    ["found nobody before", [fails(away), fails(lost)]],
    [
      "is refused when it is tried again",
      [fails(lost), fails(() => refusal("INSUFFICIENT_STOCK", { skus: ["A1"] }))],
    ],
  ])("and that %s has an unknown outcome", async (_, turns) => {
    gateway.stubs.orders.place = inTurn(...turns);
    const answer = await write({ "idempotency-key": "k" });
    expect(answer.body).toMatchObject({ status: 503, type: "/problems/outcome-unknown" });
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  test("and that is not safe to repeat is not tried again", async () => {
    gateway.stubs.accounts.register = inTurn(fails(lost), () => userWith("customer"));
    const answer = await gateway.send("POST", "/v1/auth/register", {
      body: { email: "ann@example.com", password: "12345678", name: "Ann" },
    });
    expect([answer.status, answer.body.type]).toEqual([503, "/problems/outcome-unknown"]);
    expect(gateway.calls).toHaveLength(1);
  });
});

test("a read whose answer was lost is unavailable, not unknown", async () => {
  gateway.stubs.orders.list = fails(lost);
  expect((await read()).body).toMatchObject({ status: 503, type: "/problems/unavailable" });
});

test("a part that hangs ends every request within 10 s, reads unavailable and writes unknown", async () => {
  const hanging = Promise.withResolvers<never>();
  hanging.promise.catch(() => undefined);
  gateway.stubs.orders.list = () => hanging.promise;
  gateway.stubs.orders.place = () => hanging.promise;
  const start = performance.now();
  const [readAnswer, writeAnswer] = await Promise.all([read(), write()]);
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(readAnswer.body).toMatchObject({ status: 503, type: "/problems/unavailable" });
  expect(writeAnswer.body).toMatchObject({ status: 503, type: "/problems/outcome-unknown" });
  hanging.reject(new Error("the test is over"));
});

describe("what nobody expected", () => {
  const secrets: [string, () => Error][] = [
    ["a bug", () => new TypeError("Cannot read /srv/orders/secret.ts of orders-1")],
    ["an unknown refusal", () => refusal("RESERVATION_NOT_HELD", { secret: "orders-1" })],
    [
      "a driver's failure",
      () => new Errors.MoleculerError("SQLITE_FULL at orders-1", 500, "X", { secret: 1 }),
    ],
    ["a failed validation", () => new Errors.ValidationError("Parameters of orders-1", "X", { secret: 1 })],
  ];
  test.each(secrets)("(%s) is an internal error that tells nothing", async (_, failure) => {
    gateway.stubs.orders.list = fails(failure);
    const answer = await read();
    expect([answer.status, answer.body.type]).toEqual([500, "/problems/internal-error"]);
    expect(JSON.stringify(answer.body)).not.toMatch(/orders-1|secret|SQLITE/);
  });
});

describe("the log", () => {
  const lines = (msg: string) => gateway.log.filter((line) => line.msg === msg);

  test("has one line for each request, with its id and user, and without the query's values", async () => {
    gateway.stubs.orders.list = async () => ({ items: [], nextCursor: null });
    const { user, authorization } = await gateway.signIn();
    await gateway.send("GET", "/v1/orders?cursor=SECRET", {
      headers: { authorization, "x-request-id": "r-1" },
    });
    expect(lines("request")).toEqual([
      expect.objectContaining({
        requestId: "r-1",
        method: "GET",
        path: "/v1/orders",
        status: 200,
        ms: expect.any(Number),
        userId: user.id,
      }),
    ]);
  });

  test("holds no token, password, body or stack", async () => {
    gateway.stubs.accounts.login = fails(() => new Error("unexpected"));
    await gateway.send("POST", "/v1/auth/login", {
      body: { email: "PRIVATE@example.com", password: "PRIVATE-password" },
      headers: { authorization: "Bearer PRIVATE" },
    });
    await gateway.send("GET", "/v1/orders", { headers: { authorization: "Bearer PRIVATE.token.x" } });
    const text = JSON.stringify(gateway.log);
    expect(text).toContain("unexpected");
    expect(text).not.toMatch(/PRIVATE|\bat .*\.ts:\d+/);
  });

  test("tells the cause of a failure under the request's id", async () => {
    gateway.stubs.orders.list = fails(() => new TypeError("x is not a function"));
    const { body } = await read();
    expect(lines("request failed")).toEqual([
      expect.objectContaining({ requestId: body.requestId, error: "TypeError: x is not a function" }),
    ]);
  });
});
