import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { anOrder, type PaymentSandbox, startPaymentSandbox } from "./payment-sandbox.ts";

describe("The payment sandbox, given bad input,", () => {
  let sandbox: PaymentSandbox;
  beforeAll(async () => {
    sandbox = await startPaymentSandbox();
  });
  afterEach(async () => {
    expect((await sandbox.request("/healthz")).status).toBe(200);
    expect(sandbox.ledger()).toEqual([]);
  });
  afterAll(async () => {
    expect(await sandbox.stop()).toEqual({ code: 0, signal: null });
  });

  test.each([
    ["an unknown card", { paymentMethod: "pm_card_gold" }, "body.paymentMethod"],
    ["no card", { paymentMethod: undefined }, "body.paymentMethod"],
    ["a negative amount", { amount: -1 }, "body.amount"],
    ["a broken amount", { amount: 1.5 }, "body.amount"],
    ["an amount as text", { amount: "1" }, "body.amount"],
    ["an amount beyond all", { amount: 1e21 }, "body.amount"],
    ["an unknown currency", { currency: "euro" }, "body.currency"],
    ["an order id with line breaks", { orderId: "ord\n1" }, "body.orderId"],
    ["an empty order id", { orderId: "" }, "body.orderId"],
  ])("names %s", async (_what, change, path) => {
    const answer = await sandbox.authorize("bad", change);
    expect(answer.status).toBe(422);
    const errors = answer.body.errors as { path: string }[];
    expect(new Set(errors.map((error) => error.path))).toEqual(new Set([path]));
  });

  test.each([
    ["an unknown field", JSON.stringify({ ...anOrder, tip: 1 }), 422],
    ["a prototype", '{"__proto__":{"amount":1},"orderId":"o"}', 422],
    ["an array", "[]", 422],
    ["null", "null", 422],
    ["nothing", "", 422],
    ["half an object", '{"orderId":', 400],
    ["binary", "\u0000\u0001", 400],
    ["a deep nest", "[".repeat(49_000) + "]".repeat(49_000), 422],
    ["too much", JSON.stringify({ ...anOrder, orderId: "x".repeat(100_000) }), 413],
    ["far too much", "x".repeat(8_000_000), 413],
  ])("refuses a body that is %s", async (_what, body, status) => {
    const answer = await sandbox.post("/v1/payments", "bad", body);
    expect(answer).toMatchObject({ status, body: { status } });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonish", ""])(
    "refuses the content type %j",
    async (type) => {
      const answer = await sandbox.post("/v1/payments", "bad", anOrder, { "content-type": type });
      expect(answer.status).toBe(415);
    },
  );

  test.each([
    ["is missing", {}],
    ["is empty", { "idempotency-key": "" }],
    ["is too long", { "idempotency-key": "k".repeat(256) }],
    ["is not ASCII", { "idempotency-key": "clé" }],
  ])("refuses a key that %s", async (_what, header) => {
    const answer = await sandbox.request("/v1/payments", {
      method: "POST",
      headers: { "content-type": "application/json", ...header },
      body: JSON.stringify(anOrder),
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ path: "Idempotency-Key" }]);
  });

  test.each([
    ["GET", "/v1/payments", 405],
    ["DELETE", "/v1/payments/pay_1", 405],
    ["POST", "/v1/payments/pay_1", 405],
    ["GET", "/v1/payments/pay_1/capture", 405],
    ["GET", "/v1/payments/pay_00000000000070008000000000000000", 404],
    ["GET", "/v1/payments/..%2f..%2fetc", 404],
    ["POST", "/v1/payments/pay_1/constructor", 404],
    ["GET", "//", 404],
    ["GET", "/%zz", 404],
  ])("answers %s %s with %i", async (method, path, status) => {
    expect((await sandbox.request(path, { method })).status).toBe(status);
  });

  test("tells by Allow what a path takes", async () => {
    const { headers } = await sandbox.request("/v1/payments", { method: "PUT" });
    expect(headers.get("allow")).toBe("POST");
  });

  test.each(["capture", "void", "refund"])("does not %s a payment that it does not know", async (move) => {
    expect((await sandbox.move(move, "pay_unknown", "bad")).status).toBe(404);
  });

  test("does not take a part of the amount for a capture", async () => {
    const answer = await sandbox.post("/v1/payments/pay_unknown/capture", "bad", { amount: 1 });
    expect(answer.status).toBe(422);
  });

  test.each([
    ["what is not HTTP", "hello\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["endless headers", `GET / HTTP/1.1\r\nx: ${"y".repeat(40_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ])("answers %s and hangs up", async (_what, bytes, answer) => {
    const socket = connect(sandbox.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(bytes);
    expect(await text(socket)).toMatch(answer);
  });

  test("survives a client that hangs up in the middle of a body", async () => {
    const socket = connect(sandbox.port, "127.0.0.1");
    const head = "POST /v1/payments HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    socket.write(`${head}idempotency-key: gone\r\ncontent-length: 500\r\n\r\n{"orderId"`);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.destroy();
    expect((await sandbox.request("/healthz")).status).toBe(200);
  });
});
