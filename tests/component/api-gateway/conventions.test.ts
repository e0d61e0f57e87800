import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { anOrder } from "../../support/orders-mother.ts";
import { type GatewayFixture, openGateway } from "./gateway-fixture.ts";

let gateway: GatewayFixture;
let customer: { authorization: string };
beforeAll(async () => {
  gateway = await openGateway();
  customer = { authorization: (await gateway.signIn("customer")).authorization };
});
afterAll(() => gateway.stop());
beforeEach(() => {
  gateway.calls.length = 0;
  gateway.stubs.orders.place = async () => ({ order: anOrder(), replayed: false });
  gateway.stubs.orders.list = async () => ({ items: [], nextCursor: null });
  gateway.stubs.inventory.listProducts = async () => ({ items: [], nextCursor: null });
});

const anyOrder = { items: [{ sku: "TEA-100", quantity: 2 }] };
const place = (options: { headers?: Record<string, string>; body?: unknown } = {}) =>
  gateway.send("POST", "/v1/orders", {
    body: anyOrder,
    ...options,
    headers: { ...customer, ...options.headers },
  });
/** Calls that reached a service other than for the public keys. */
const calls = () => gateway.calls.filter(({ action }) => action !== "accounts.publicKeys");

describe("every refusal", () => {
  const refused: [string, number, string, string, Parameters<GatewayFixture["send"]>[2]][] = [
    ["an unknown path", 404, "GET", "/v1/nothing", {}],
    ["the root", 404, "GET", "/", {}],
    ["another service's internals", 404, "GET", "/~node/options", {}],
    ["an action's name", 404, "GET", "/orders/list", {}],
    ["a badly encoded path", 400, "GET", "/v1/products/%zz", {}],
    ["a badly encoded path with a method it does not know", 400, "PUT", "/v1/products/%zz", {}],
    ["a badly encoded query", 400, "GET", "/v1/products?q=%zz", {}],
    ["no token", 401, "GET", "/v1/orders", {}],
    ["a method that the path does not know", 405, "DELETE", "/v1/products", {}],
    ["malformed JSON", 400, "POST", "/v1/auth/login", { body: "{" }],
    ["a body of the wrong shape", 422, "POST", "/v1/auth/login", { body: {} }],
    ["an unknown query parameter", 422, "GET", "/v1/products?nope=1", {}],
    ["a body that is too large", 413, "POST", "/v1/auth/login", { body: `"${"x".repeat(100_001)}"` }],
    [
      "a form",
      415,
      "POST",
      "/v1/auth/login",
      { body: "a=1", headers: { "content-type": "application/x-www-form-urlencoded" } },
    ],
  ];

  test.each(refused)("of %s is a problem with status %i", async (_, status, method, path, options) => {
    const answer = await gateway.send(method, path, options);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({
      type: expect.stringMatching(/^\/problems\/[a-z-]+$/),
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: path.split("?")[0],
      requestId: answer.headers.get("x-request-id"),
    });
  });

  test("tells nothing of the inside", async () => {
    gateway.stubs.orders.list = async () => {
      throw new Error("SQLITE_CORRUPT in /var/lib/orders.sqlite on node orders-1");
    };
    const answer = await gateway.send("GET", "/v1/orders", { headers: customer });
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      type: "/problems/internal-error",
      title: "Something went wrong",
      status: 500,
      detail: expect.any(String),
      instance: "/v1/orders",
      requestId: expect.any(String),
    });
  });
});

describe("a method that a path does not know", () => {
  test.each([
    ["PUT", "/v1/products", "GET, POST, HEAD"],
    ["DELETE", "/v1/products/TEA-100", "GET, PATCH, HEAD"],
    ["GET", "/v1/auth/login", "POST"],
    ["OPTIONS", "/v1/auth/login", "POST"],
    ["TRACE", "/healthz", "GET, HEAD"],
  ])("%s %s names those that it knows", async (method, path, allow) => {
    const raw = await gateway.sendRaw(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(raw).toMatch(/^HTTP\/1.1 405 /);
    const allowed = /^allow: (.*)\r$/im.exec(raw)?.[1]?.split(", ").sort();
    expect(allowed).toEqual(allow.split(", ").sort());
  });

  test("a preflight does not run the method that it asks about", async () => {
    const raw = await gateway.sendRaw(
      "OPTIONS /v1/products HTTP/1.1\r\nHost: x\r\nAccess-Control-Request-Method: GET\r\nConnection: close\r\n\r\n",
    );
    expect(raw).toMatch(/^HTTP\/1.1 405 /);
    expect(raw).toMatch(/^allow: GET, POST, HEAD\r$/im);
    expect(calls()).toEqual([]);
  });
});

test("a target may name scheme and host, as clients of proxies send it", async () => {
  const raw = await gateway.sendRaw(
    "GET http://shop.example:3000/v1/products?limit=7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  );
  expect(raw).toMatch(/^HTTP\/1.1 200 /);
  expect(calls()).toMatchObject([{ action: "inventory.listProducts", params: { limit: 7 } }]);
});

test("HEAD answers what GET does, without a body", async () => {
  const raw = await gateway.sendRaw("HEAD /v1/products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  expect(raw).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(raw).toMatch(/\r\n\r\n$/);
});

describe("the request id", () => {
  test("is the client's where it is usable, in the answer and in every call", async () => {
    const { headers } = await place({ headers: { "x-request-id": "shop:42_a.b-c" } });
    expect(headers.get("x-request-id")).toBe("shop:42_a.b-c");
    expect(calls()).toMatchObject([{ action: "orders.place", requestId: "shop:42_a.b-c" }]);
  });

  test.each(["", "a b", "x".repeat(129), "<script>", "a,b"])("replaces %j", async (given) => {
    const { headers } = await place({ headers: { "x-request-id": given } });
    expect(headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/);
    expect(calls()[0]?.requestId).toBe(headers.get("x-request-id"));
  });

  test("is not taken from X-Correlation-Id", async () => {
    const { headers } = await place({ headers: { "x-correlation-id": "other", "x-request-id": "mine" } });
    expect(headers.get("x-request-id")).toBe("mine");
    expect(calls()[0]?.requestId).toBe("mine");
  });

  test("goes on a refusal as well", async () => {
    const answer = await gateway.send("GET", "/v1/nothing", { headers: { "x-request-id": "mine" } });
    expect(answer.headers.get("x-request-id")).toBe("mine");
    expect(answer.body.requestId).toBe("mine");
  });
});

describe("the trace context", () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  test("of the client goes on in the calls", async () => {
    await place({ headers: { traceparent } });
    expect(calls()).toMatchObject([{ traceparent }]);
  });

  test.each(["nonsense", traceparent.replace("00-4", "ff-4"), `00-${"0".repeat(32)}-00f067aa0ba902b7-01`])(
    "is ignored when it is malformed: %s",
    async (malformed) => {
      expect((await place({ headers: { traceparent: malformed } })).status).toBe(201);
      expect(calls()[0]?.traceparent).toBeUndefined();
    },
  );
});

describe("a body", () => {
  test("of another type is refused, also one without a type", async () => {
    const types = [
      "text/plain",
      "application/xml",
      "multipart/form-data; boundary=x",
      "application/json; charset=latin1",
    ];
    for (const type of types) {
      expect((await place({ headers: { "content-type": type } })).status).toBe(415);
    }
    const untyped = await gateway.sendRaw(
      `POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
    );
    expect(untyped).toMatch(/^HTTP\/1.1 415 /);
    expect(calls()).toEqual([]);
  });

  test.each(["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])(
    "of type %s is taken",
    async (type) => {
      expect((await place({ headers: { "content-type": type } })).status).toBe(201);
    },
  );

  test("that is compressed is refused", async () => {
    expect((await place({ headers: { "content-encoding": "gzip" } })).status).toBe(415);
  });

  test("that is missing counts as an empty object", async () => {
    const answer = await place({ body: undefined });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([{ path: "items", message: expect.any(String) }]);
  });

  test.each(["{", "{'a':1}", "undefined", '{"items":[}', "[1,]", "\u0000"])(
    "%j is malformed",
    async (body) => {
      const answer = await place({ body });
      expect([answer.status, answer.body.type]).toEqual([400, "/problems/malformed-json"]);
    },
  );

  test("that is not UTF-8 is malformed", async () => {
    const body = Buffer.concat([Buffer.from('{"note":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect((await place({ body })).status).toBe(400);
  });

  test("of 100 kB is taken, one byte more is not", async () => {
    const text = JSON.stringify(anyOrder);
    const padded = (bytes: number) => text.padEnd(bytes, " ");
    expect((await place({ body: padded(100_000) })).status).toBe(201);
    const answer = await place({ body: padded(100_001) });
    expect([answer.status, answer.body.type]).toEqual([413, "/problems/body-too-large"]);
  });

  test("that is too large is refused also when it comes without a length", async () => {
    const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
    const raw = await gateway.sendRaw(
      "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n" +
        `Connection: close\r\n\r\n${chunk.repeat(8)}0\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1.1 413 /);
  });

  test("that is large and refused leaves the connection to the next request", async () => {
    const big = `"${"x".repeat(300_000)}"`;
    const raw = await gateway.sendRaw(
      `POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${big.length}\r\n\r\n${big}` +
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    expect(raw).toMatch(/^HTTP\/1.1 413 [\s\S]*HTTP\/1.1 200 OK/);
  });

  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  test.each([
    ["as a whole", deep(45_000)],
    ["in a known field", `{"items":${deep(45_000)}}`],
    ["in a text field", `{"items":[{"sku":"TEA-100","quantity":2}],"note":${deep(45_000)}}`],
    ["in an unknown field", `{"items":[{"sku":"TEA-100","quantity":2}],"x":${deep(45_000)}}`],
    ["as objects", `${'{"a":'.repeat(16_000)}1${"}".repeat(16_000)}`],
  ])("that is nested 45,000 levels deep %s is refused", async (_, body) => {
    expect((await place({ body })).status).toBe(422);
    expect(calls()).toEqual([]);
  });

  test("with unknown fields names each of them", async () => {
    const answer = await place({
      body: { items: [{ sku: "TEA-100", quantity: 1, price: 1 }], status: "fulfilled", customer: {} },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([
      { path: "items.0.price", message: "is not a known field" },
      { path: "status", message: "is not a known field" },
      { path: "customer", message: "is not a known field" },
    ]);
  });

  test.each(["__proto__", "constructor", "toString"])("with a field named %s is refused", async (field) => {
    const answer = await place({ body: `{"items":[{"sku":"TEA-100","quantity":2}],"${field}":{"a":1}}` });
    expect(answer.status).toBe(422);
  });

  test("with thousands of unknown fields is answered with a bounded list", async () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, 1]));
    expect((await place({ body: many })).body.errors.length).toBeLessThanOrEqual(50);
  });
});

describe("query parameters", () => {
  test.each([
    ["an unknown name", "nope=1", "nope"],
    ["a name that stands twice", "q=a&q=b", "q"],
    ["a nested name", "q[$gt]=", "q[$gt]"],
    ["a list", "q[]=a", "q[]"],
    ["a prototype", "__proto__=1", "__proto__"],
    ["limit 0", "limit=0", "limit"],
    ["limit 101", "limit=101", "limit"],
    ["limit 1e1", "limit=1e1", "limit"],
    ["a negative limit", "limit=-1", "limit"],
    ["an empty limit", "limit=", "limit"],
    ["a long search", `q=${"x".repeat(101)}`, "q"],
  ])("%s is refused by name", async (_, query, path) => {
    const answer = await gateway.send("GET", `/v1/products?${query}`);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ path }]);
  });

  test("are decoded and reach the service", async () => {
    await gateway.send("GET", "/v1/products?q=gr%C3%BCner+tee&limit=5&cursor=abc");
    expect(calls()).toMatchObject([{ params: { q: "grüner tee", limit: 5, cursor: "abc" } }]);
  });

  test("of a write are refused", async () => {
    const answer = await gateway.send("POST", "/v1/orders?dryRun=1", { headers: customer, body: anyOrder });
    expect(answer.status).toBe(422);
    expect(calls()).toEqual([]);
  });
});

describe("the idempotency key", () => {
  type Keyed = { idempotency: { key: string; fingerprint: string } };
  const keyOf = (index = 0) => {
    const { params } = calls()[index] as { params: Keyed };
    return params.idempotency;
  };

  test("is handed on in the scope of user, method and path", async () => {
    const { user, authorization } = await gateway.signIn();
    await place({ headers: { authorization, "idempotency-key": "my key !~" } });
    expect(keyOf().key).toBe(`${user.id}:POST:/v1/orders:my key !~`);
    expect(keyOf().fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test("is made up anew for each request without one", async () => {
    await place();
    await place();
    expect(keyOf(0).key).not.toBe(keyOf(1).key);
    expect(keyOf(0).fingerprint).toBe(keyOf(1).fingerprint);
  });

  test("comes with the same fingerprint for the same body in another order and spelling", async () => {
    await place({ body: '{"note":"x","items":[{"sku":"TEA-100","quantity":2}]}' });
    await place({ body: ' { "items" : [ { "quantity" : 2.0, "sku" : "TEA-100" } ], "note" : "\\u0078" } ' });
    await place({ body: '{"note":"y","items":[{"sku":"TEA-100","quantity":2}]}' });
    expect(keyOf(1).fingerprint).toBe(keyOf(0).fingerprint);
    expect(keyOf(2).fingerprint).not.toBe(keyOf(0).fingerprint);
  });

  test("may have 255 characters", async () => {
    expect((await place({ headers: { "idempotency-key": "k".repeat(255) } })).status).toBe(201);
  });

  test.each([
    ["empty", ""],
    ["longer than 255 characters", "k".repeat(256)],
    ["not ASCII", "schl\u00fcssel"],
    ["not printable", "a\tb"],
  ])("is refused when it is %s", async (_, key) => {
    const answer = await place({ headers: { "idempotency-key": key } });
    expect([answer.status, answer.body.type]).toEqual([422, "/problems/invalid-idempotency-key"]);
    expect(calls()).toEqual([]);
  });

  test("is refused when there are two", async () => {
    const body = JSON.stringify(anyOrder);
    const head = [
      "POST /v1/orders HTTP/1.1",
      "Host: x",
      `Authorization: ${customer.authorization}`,
      "Idempotency-Key: a",
      "Idempotency-Key: b",
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
      "Connection: close",
    ];
    const raw = await gateway.sendRaw(`${head.join("\r\n")}\r\n\r\n${body}`);
    expect(raw).toMatch(/^HTTP\/1.1 422 /);
    expect(raw).toContain("/problems/invalid-idempotency-key");
    expect(calls()).toEqual([]);
  });
});
