import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { anOrder, type PaymentSandbox, startPaymentSandbox } from "./payment-sandbox.ts";

describe("The payment sandbox", () => {
  let sandbox: PaymentSandbox;
  let keys = 0;
  const newKey = () => `key-${++keys}`;
  const linesOf = (paymentId: unknown) =>
    sandbox.ledger().filter((line) => line.paymentId === paymentId && paymentId !== undefined);
  const authorized = async () => (await sandbox.authorize(newKey())).body.paymentId;

  /** A payment that was moved by these moves, one after the other. */
  async function paymentAfter(moves: readonly string[]): Promise<unknown> {
    const paymentId = await authorized();
    for (const move of moves) expect((await sandbox.move(move, paymentId, newKey())).status).toBe(200);
    return paymentId;
  }

  beforeAll(async () => {
    sandbox = await startPaymentSandbox();
  });
  afterAll(async () => {
    await sandbox.stop();
  });

  test("authorizes a good card and writes one ledger line with exactly the agreed fields", async () => {
    const answer = await sandbox.post(
      "/v1/payments",
      "first",
      { orderId: "ord_first", amount: 1250, currency: "EUR", paymentMethod: "pm_card_ok" },
      { "x-request-id": "req-1" },
    );
    expect(answer.status).toBe(201);
    const { paymentId } = answer.body;
    expect(paymentId).toMatch(/^pay_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    expect(answer.body).toEqual({
      paymentId,
      orderId: "ord_first",
      amount: 1250,
      currency: "EUR",
      status: "authorized",
    });
    expect(linesOf(paymentId)).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        kind: "authorize",
        key: "first",
        paymentId,
        orderId: "ord_first",
        amount: 1250,
        currency: "EUR",
        outcome: "succeeded",
        requestId: "req-1",
      },
    ]);
  });

  test("declines the declined card with an answer, not with an error, and writes it down", async () => {
    const { status, body } = await sandbox.authorize(newKey(), { paymentMethod: "pm_card_declined" });
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: "declined", reason: "card_declined" });
    expect(linesOf(body.paymentId)).toMatchObject([{ kind: "authorize", outcome: "declined" }]);
  });

  test("leaves the first request of the time-out card waiting, though it is done, and answers its key at once", async () => {
    const order = { orderId: "ord_slow", paymentMethod: "pm_card_timeout" };
    const impatience = new AbortController();
    const first = sandbox.request("/v1/payments", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "slow" },
      body: JSON.stringify({ ...anOrder, ...order }),
      signal: impatience.signal,
    });
    await sandbox.waitForLine(/"ord_slow".*payment authorized/);
    expect(await Promise.race([first, delay(300, "still waiting")])).toBe("still waiting");
    impatience.abort();
    await expect(first).rejects.toThrow("aborted");
    const again = await sandbox.authorize("slow", order);
    expect(again).toMatchObject({ status: 201, body: { status: "authorized" } });
    expect(sandbox.ledger().filter(({ orderId }) => orderId === "ord_slow")).toHaveLength(1);
    expect((await sandbox.move("capture", again.body.paymentId, newKey())).status).toBe(200);
  });

  test("captures, voids and refunds, one ledger line each", async () => {
    const refunded = await paymentAfter(["capture", "refund"]);
    const voided = await paymentAfter(["void"]);
    expect((await sandbox.get(refunded)).body.status).toBe("refunded");
    expect((await sandbox.get(voided)).body.status).toBe("voided");
    expect(linesOf(refunded).map(({ kind }) => kind)).toEqual(["authorize", "capture", "refund"]);
    expect(linesOf(voided).map(({ kind }) => kind)).toEqual(["authorize", "void"]);
    expect(linesOf(refunded)[1]).toMatchObject({ amount: 900, currency: "EUR", orderId: "ord_1" });
  });

  test("answers a repeated key with the same answer, whatever happened since, and writes nothing", async () => {
    const key = newKey();
    const captureKey = newKey();
    const first = await sandbox.authorize(key);
    const { paymentId } = first.body;
    const captured = await sandbox.move("capture", paymentId, captureKey);
    await sandbox.move("refund", paymentId, newKey());
    const lines = sandbox.ledger().length;
    const authorizedAgain = await sandbox.authorize(key);
    const capturedAgain = await sandbox.move("capture", paymentId, captureKey);
    expect([authorizedAgain.status, authorizedAgain.body]).toEqual([first.status, first.body]);
    expect([capturedAgain.status, capturedAgain.body]).toEqual([captured.status, captured.body]);
    expect(sandbox.ledger()).toHaveLength(lines);
  });

  test.each([
    ["another amount", { amount: 901 }],
    ["another order", { orderId: "ord_2" }],
    ["another currency", { currency: "USD" }],
    ["another card", { paymentMethod: "pm_card_timeout" }],
    ["a declined card", { paymentMethod: "pm_card_declined" }],
  ])("refuses a key that comes again with %s", async (_what, change) => {
    const key = newKey();
    await sandbox.authorize(key);
    const lines = sandbox.ledger().length;
    expect(await sandbox.authorize(key, change)).toMatchObject({
      status: 422,
      body: { title: "Idempotency key reused" },
    });
    expect(sandbox.ledger()).toHaveLength(lines);
  });

  test("refuses a key that comes again with another move or for another payment", async () => {
    const key = newKey();
    const [one, other] = [await authorized(), await authorized()];
    await sandbox.move("capture", one, key);
    expect((await sandbox.move("capture", other, key)).status).toBe(422);
    expect((await sandbox.move("refund", one, key)).status).toBe(422);
    expect((await sandbox.authorize(key)).status).toBe(422);
    expect((await sandbox.get(other)).body.status).toBe("authorized");
  });

  test.each([
    ["capture", ["void"], "voided"],
    ["capture", ["capture"], "captured"],
    ["void", ["capture"], "captured"],
    ["void", ["void"], "voided"],
    ["refund", [], "authorized"],
    ["refund", ["void"], "voided"],
    ["refund", ["capture", "refund"], "refunded"],
    ["capture", ["capture", "refund"], "refunded"],
  ])("refuses to %s after %j with another key", async (move, before, status) => {
    const paymentId = await paymentAfter(before);
    const answer = await sandbox.move(move, paymentId, newKey());
    expect(answer.status).toBe(409);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ title: "Illegal move", status: 409, paymentStatus: status });
    expect(linesOf(paymentId)).toHaveLength(before.length + 1);
  });

  test.each(["capture", "void", "refund"])("refuses to %s a declined payment", async (move) => {
    const { body } = await sandbox.authorize(newKey(), { paymentMethod: "pm_card_declined" });
    expect((await sandbox.move(move, body.paymentId, newKey())).status).toBe(409);
    expect(linesOf(body.paymentId)).toHaveLength(1);
  });

  test("takes a key that was refused before once its move has become legal", async () => {
    const paymentId = await authorized();
    const key = newKey();
    expect((await sandbox.move("refund", paymentId, key)).status).toBe(409);
    await sandbox.move("capture", paymentId, newKey());
    expect((await sandbox.move("refund", paymentId, key)).status).toBe(200);
  });

  test("has one effect for many requests with one key at once, and all hear the same", async () => {
    const key = newKey();
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => sandbox.authorize(key, { orderId: "ord_racing" })),
    );
    expect(new Set(answers.map(({ body }) => body.paymentId)).size).toBe(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(sandbox.ledger().filter(({ orderId }) => orderId === "ord_racing")).toHaveLength(1);
  });

  test("lets one of many captures with keys of their own win", async () => {
    const paymentId = await authorized();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => sandbox.move("capture", paymentId, newKey())),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect(linesOf(paymentId)).toHaveLength(2);
  });

  test("lets a capture or a void win when both come at once", async () => {
    const paymentId = await authorized();
    const answers = await Promise.all([
      sandbox.move("capture", paymentId, newKey()),
      sandbox.move("void", paymentId, newKey()),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(linesOf(paymentId)).toHaveLength(2);
  });
});
