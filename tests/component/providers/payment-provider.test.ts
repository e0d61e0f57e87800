import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { DependencyUnavailable, DomainError } from "../../../mixins/errors.ts";
import {
  createPaymentProvider,
  PaymentOutcomeUnknown,
  type PaymentProvider,
  PaymentRefused,
} from "../../../services/orders/providers/payment-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { type PaymentSandbox, startPaymentSandbox } from "../sandbox/payment-sandbox.ts";

const amount = { amount: 900, currency: "EUR" };
const requestId = "req-1";

describe("The payment provider's client, with the payment sandbox,", () => {
  let sandbox: PaymentSandbox;
  let payments: PaymentProvider;
  let keys = 0;
  const newKey = () => `key-${++keys}`;
  const order = (key: string, paymentMethod = "pm_card_ok") => ({
    key,
    orderId: `ord_${key}`,
    amount,
    paymentMethod,
    requestId,
  });
  const linesOf = (paymentId: string) => sandbox.ledger().filter((line) => line.paymentId === paymentId);

  beforeAll(async () => {
    sandbox = await startPaymentSandbox();
    payments = createPaymentProvider({ url: sandbox.url, timeoutMs: 1_500 });
  });
  afterAll(async () => {
    payments.close();
    await sandbox.stop();
  });

  test("authorizes, and carries key, order, money and request id into the ledger", async () => {
    const key = newKey();
    const authorized = await payments.authorize(order(key));
    expect(authorized).toEqual({ outcome: "authorized", paymentId: expect.stringMatching(/^pay_/) });
    expect(linesOf(authorized.paymentId)).toMatchObject([
      { kind: "authorize", key, orderId: `ord_${key}`, ...amount, requestId },
    ]);
  });

  test("reports a decline as an outcome, with its reason", async () => {
    expect(await payments.authorize(order(newKey(), "pm_card_declined"))).toEqual({
      outcome: "declined",
      paymentId: expect.stringMatching(/^pay_/),
      reason: "card_declined",
    });
  });

  test("captures, refunds and voids, each with its request id in the ledger", async () => {
    const { paymentId } = await payments.authorize(order(newKey()));
    await payments.capture({ key: newKey(), paymentId, requestId: "req-2" });
    await payments.refund({ key: newKey(), paymentId, requestId: "req-3" });
    const other = await payments.authorize(order(newKey()));
    await payments.void({ key: newKey(), paymentId: other.paymentId, requestId: "req-4" });
    expect(linesOf(paymentId).map((line) => [line.kind, line.requestId])).toEqual([
      ["authorize", "req-1"],
      ["capture", "req-2"],
      ["refund", "req-3"],
    ]);
    expect(linesOf(other.paymentId).map((line) => [line.kind, line.requestId])).toEqual([
      ["authorize", "req-1"],
      ["void", "req-4"],
    ]);
  });

  test("gets through a time-out within one call by asking again with the same key", async () => {
    const { paymentId, outcome } = await payments.authorize(order(newKey(), "pm_card_timeout"));
    expect(outcome).toBe("authorized");
    expect(linesOf(paymentId)).toHaveLength(1);
  });

  test("without tries to spare reports the outcome as unknown, and the same key then tells it", async () => {
    const impatient = createPaymentProvider({ url: sandbox.url, timeoutMs: 1_000, tries: 1 });
    const request = order(newKey(), "pm_card_timeout");
    await expect(impatient.authorize(request)).rejects.toThrow(PaymentOutcomeUnknown);
    const { paymentId } = await impatient.authorize(request);
    expect(linesOf(paymentId)).toHaveLength(1);
    impatient.close();
  });

  test("has one effect when calls are repeated, at once and later", async () => {
    const request = order(newKey());
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => payments.authorize(request)));
    const { paymentId } = await payments.authorize(request);
    expect(new Set(outcomes.map((outcome) => outcome.paymentId))).toEqual(new Set([paymentId]));
    const capture = { key: newKey(), paymentId, requestId };
    await Promise.all(Array.from({ length: 10 }, () => payments.capture(capture)));
    expect(linesOf(paymentId)).toHaveLength(2);
  });

  test.each([
    ["an illegal move", (paymentId: string) => payments.refund({ key: newKey(), paymentId, requestId }), 409],
    ["an unknown payment", () => payments.capture({ key: newKey(), paymentId: "pay_1", requestId }), 404],
    ["a path for a payment", () => payments.capture({ key: newKey(), paymentId: "../x", requestId }), 404],
    ["an unknown token", () => payments.authorize(order(newKey(), "pm_gold")), 422],
  ])("reports %s as refused for good", async (_what, ask, status) => {
    const { paymentId } = await payments.authorize(order(newKey()));
    const refusal = await ask(paymentId).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PaymentRefused);
    expect(refusal).toBeInstanceOf(DomainError);
    expect(refusal).toMatchObject({ code: "PAYMENT_REFUSED", data: { status } });
  });

  test("refuses a key that was used for another request", async () => {
    const key = newKey();
    await payments.authorize(order(key));
    await expect(payments.authorize({ ...order(key), amount: { ...amount, amount: 1 } })).rejects.toThrow(
      "This Idempotency-Key was used for another request.",
    );
  });

  test("stays closed to no one after any number of refusals", async () => {
    const careful = createPaymentProvider({ url: sandbox.url, breaker: { minCalls: 2 } });
    for (let n = 0; n < 20; n++)
      await expect(careful.capture({ key: newKey(), paymentId: "pay_1", requestId })).rejects.toThrow(
        PaymentRefused,
      );
    expect((await careful.authorize(order(newKey()))).outcome).toBe("authorized");
    careful.close();
  });

  test("does not let slow cards of some customers stop the others", async () => {
    const slow = Array.from({ length: 15 }, () => payments.authorize(order(newKey(), "pm_card_timeout")));
    await Promise.all(slow);
    expect((await payments.authorize(order(newKey()))).outcome).toBe("authorized");
  });
});

describe("The payment provider's client, while the sandbox is killed and comes back,", () => {
  const running: PaymentSandbox[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((sandbox) => sandbox.kill()));
  });

  test("reports unknown outcomes, stops asking, and goes on by itself with one effect for each key", async () => {
    const first = await startPaymentSandbox();
    running.push(first);
    const log: string[] = [];
    const logger = {
      info: (_fields: object, message: string) => void log.push(message),
      warn: (_fields: object, message: string) => void log.push(message),
    };
    const payments = createPaymentProvider({
      url: first.url,
      logger,
      backOffMs: 10,
      breaker: { minCalls: 3, halfOpenMs: 200 },
    });
    const request = { key: "one", orderId: "ord_1", amount, paymentMethod: "pm_card_ok", requestId };
    const { paymentId } = await payments.authorize(request);
    await first.kill();

    const failures: unknown[] = [];
    while (!log.includes("circuit breaker opened"))
      failures.push(await payments.authorize(request).catch((error: unknown) => error));
    failures.push(await payments.authorize(request).catch((error: unknown) => error));
    expect(failures.every((failure) => failure instanceof PaymentOutcomeUnknown)).toBe(true);
    expect(failures.every((failure) => failure instanceof DependencyUnavailable)).toBe(true);
    expect(String(failures.at(-1))).toMatch(/Breaker is open/);

    const second = await startPaymentSandbox(first.dataDir, first.port);
    running.push(second);
    const answer = await eventually(() => payments.authorize(request));
    expect(answer.paymentId).toBe(paymentId);
    expect(log.at(-1)).toBe("circuit breaker closed");
    expect(second.ledger()).toHaveLength(1);
    payments.close();
  });
});
