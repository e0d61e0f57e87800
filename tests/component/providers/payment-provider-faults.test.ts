import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  createPaymentProvider,
  PaymentOutcomeUnknown,
  type PaymentProvider,
  PaymentRefused,
} from "../../../services/orders/providers/payment-provider.ts";
import { eventually } from "../../support/eventually.ts";
import {
  answersHalf,
  dropsConnection,
  hangs,
  type ScriptedServer,
  startScriptedServer,
} from "./scripted-server.ts";

const authorized = { status: 201, body: { paymentId: "pay_1", status: "authorized" } };
const request = {
  key: "ord_1:authorize",
  orderId: "ord_1",
  amount: { amount: 900, currency: "EUR" },
  paymentMethod: "pm_card_ok",
  requestId: "req-1",
};

describe("The payment provider's client, with a provider that fails,", () => {
  let provider: ScriptedServer;
  let payments: PaymentProvider;
  beforeEach(async () => {
    provider = await startScriptedServer();
    payments = createPaymentProvider({ url: provider.url, timeoutMs: 1_000, backOffMs: 5 });
  });
  afterEach(async () => {
    payments.close();
    await provider.stop();
  });

  test.each([
    ["hangs", hangs],
    ["drops the connection", dropsConnection],
    ["breaks off in the middle of its answer", answersHalf],
    ["answers 500", { status: 500 }],
    ["answers 503", { status: 503, body: { detail: "later" } }],
    ["answers 429", { status: 429 }],
    ["answers 408", { status: 408 }],
    ["answers without a payment", { status: 201, body: { ok: true } }],
    ["answers nothing", { status: 200 }],
    ["answers another status", { status: 201, body: { paymentId: "pay_1", status: "captured" } }],
    ["sends the client elsewhere", { status: 302 }],
    ["answers without end", { status: 200, body: "x".repeat(200_000) }],
  ])("calls it unknown when the provider always %s", async (_what, behaviour) => {
    provider.behaviour = behaviour;
    await expect(payments.authorize(request)).rejects.toThrow(PaymentOutcomeUnknown);
    expect(provider.received).toHaveLength(2);
  });

  test.each([
    ["hangs", hangs],
    ["drops the connection", dropsConnection],
    ["breaks off in the middle of its answer", answersHalf],
    ["answers 500", { status: 500 }],
    ["answers 429", { status: 429 }],
  ])("asks again with the same key when the provider %s once", async (_what, behaviour) => {
    provider.next = [behaviour];
    provider.behaviour = authorized;
    expect(await payments.authorize(request)).toEqual({ outcome: "authorized", paymentId: "pay_1" });
    expect(provider.received).toHaveLength(2);
    expect(provider.received[0]).toMatchObject({
      path: "/v1/payments",
      headers: { "idempotency-key": request.key, "x-request-id": "req-1" },
      body: { orderId: "ord_1", amount: 900, currency: "EUR", paymentMethod: "pm_card_ok" },
    });
    expect(provider.received[1]?.headers["idempotency-key"]).toBe(request.key);
    expect(provider.received[1]?.body).toEqual(provider.received[0]?.body);
  });

  test.each([401, 403, 404, 409])("takes a %i for no answer about the money", async (status) => {
    provider.behaviour = { status, body: { detail: "no" } };
    await expect(payments.authorize(request)).rejects.toThrow(PaymentOutcomeUnknown);
    if (status === 404 || status === 409) return;
    await expect(payments.void({ key: "k", paymentId: "pay_1", requestId: "req-1" })).rejects.toThrow(
      PaymentOutcomeUnknown,
    );
  });

  describe("answered with a conflict,", () => {
    const move = { key: "ord_1:capture", paymentId: "pay_1", requestId: "req-1" };
    const conflict = (paymentStatus?: string) => ({
      status: 409,
      body: { detail: "in progress", ...(paymentStatus ? { paymentStatus } : {}) },
    });
    const found = (status: string) => ({ status: 200, body: { paymentId: "pay_1", status } });

    test.each([
      ["capture", "voided"],
      ["capture", "refunded"],
      ["void", "captured"],
      ["refund", "voided"],
    ] as const)("takes a %s for refused when the payment is %s, stated or read", async (name, status) => {
      provider.next = [conflict(status), conflict(), found(status)];
      await expect(payments[name](move)).rejects.toThrow(PaymentRefused);
      await expect(payments[name](move)).rejects.toThrow(PaymentRefused);
      expect(provider.received.at(-1)?.path).toBe("/v1/payments/pay_1");
    });

    test.each([
      ["capture", "captured"],
      ["void", "voided"],
      ["refund", "refunded"],
    ] as const)("takes a %s for done when the payment is %s, stated or read", async (name, status) => {
      provider.next = [conflict(status), conflict(), found(status)];
      await payments[name](move);
      await payments[name](move);
    });

    test.each([
      ["the payment is still authorized", [conflict("authorized")]],
      ["the status read is still authorized", [conflict(), found("authorized")]],
      ["no status can be read", [conflict(), { status: 404, body: { detail: "no" } }]],
      ["the status read is none", [conflict(), { status: 200, body: {} }]],
    ])("calls a capture unknown while %s", async (_what, answers) => {
      provider.next = [...answers];
      await expect(payments.capture(move)).rejects.toThrow(PaymentOutcomeUnknown);
      expect(provider.received).toHaveLength(answers.length);
    });
  });

  describe("that contradicts the request,", () => {
    const body = { paymentId: "pay_1", status: "authorized", orderId: "ord_1", amount: 900, currency: "EUR" };
    const move = { key: "ord_1:capture", paymentId: "pay_1", requestId: "req-1" };

    test("is believed where all that it repeats is right", async () => {
      provider.behaviour = { status: 201, body };
      expect(await payments.authorize(request)).toEqual({ outcome: "authorized", paymentId: "pay_1" });
    });

    test.each([
      ["amount", 901],
      ["amount", "900"],
      ["currency", "USD"],
      ["orderId", "ord_2"],
    ])("is not believed when an authorization is for the %s %p", async (field, value) => {
      provider.behaviour = { status: 201, body: { ...body, [field]: value } };
      const asked = payments.authorize(request);
      await expect(asked).rejects.toThrow(PaymentOutcomeUnknown);
      await expect(asked).rejects.toThrow(field);
    });

    test.each(["", "../pay_2", "pay 1", "x".repeat(101)])(
      "is not believed for the payment %p",
      async (paymentId) => {
        provider.behaviour = { status: 201, body: { ...body, paymentId } };
        await expect(payments.authorize(request)).rejects.toThrow(PaymentOutcomeUnknown);
      },
    );

    test.each([
      ["is declined", { paymentId: "pay_1", status: "declined" }],
      ["is of another payment", { paymentId: "pay_2", status: "captured" }],
    ])("is not believed when a capture %s", async (_what, answer) => {
      provider.behaviour = { status: 200, body: answer };
      await expect(payments.capture(move)).rejects.toThrow(PaymentOutcomeUnknown);
    });

    test.each([null, undefined])("is a decline all the same when its reason is %p", async (reason) => {
      provider.behaviour = { status: 201, body: { ...body, status: "declined", reason } };
      expect(await payments.authorize(request)).toMatchObject({ outcome: "declined", reason: "declined" });
    });
  });

  test.each([400, 402, 422])("does not ask again after a %i", async (status) => {
    provider.behaviour = { status, body: { detail: "no" } };
    await expect(payments.authorize(request)).rejects.toThrow(PaymentRefused);
    expect(provider.received).toHaveLength(1);
  });

  test("never takes longer than its tries and the wait between them", async () => {
    provider.behaviour = hangs;
    const start = performance.now();
    await expect(payments.authorize(request)).rejects.toThrow("no answer within 1000 ms");
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  test("uses one connection for calls that follow each other", async () => {
    provider.behaviour = authorized;
    for (let n = 0; n < 10; n++) await payments.authorize(request);
    expect(provider.connections()).toBe(1);
  });

  describe("behind its circuit breaker,", () => {
    const guard = (halfOpenMs: number) =>
      createPaymentProvider({ url: provider.url, tries: 1, breaker: { minCalls: 5, halfOpenMs } });
    /** Twenty calls at once; @returns how many of them reached the provider */
    async function askAtOnce(guarded: PaymentProvider): Promise<number> {
      const before = provider.received.length;
      await Promise.allSettled(Array.from({ length: 20 }, () => guarded.authorize(request)));
      return provider.received.length - before;
    }

    test("stops asking a provider that keeps failing", async () => {
      const guarded = guard(60_000);
      expect(await askAtOnce(guarded)).toBe(20);
      expect(await askAtOnce(guarded)).toBe(0);
      guarded.close();
    });

    test("tries it again with one call at a time, and goes on when that is answered", async () => {
      const guarded = guard(50);
      await askAtOnce(guarded);
      for (let probes = 0; probes < 3; ) {
        const reached = await askAtOnce(guarded);
        expect(reached).toBeLessThanOrEqual(1);
        probes += reached;
        await delay(10);
      }
      provider.behaviour = authorized;
      await eventually(() => guarded.authorize(request));
      expect(await askAtOnce(guarded)).toBe(20);
      guarded.close();
    });
  });

  test("fails at once after it was closed", async () => {
    provider.behaviour = authorized;
    payments.close();
    await expect(payments.authorize(request)).rejects.toThrow(PaymentOutcomeUnknown);
    expect(provider.received).toHaveLength(0);
  });

  test("cannot be made to send another header", async () => {
    provider.behaviour = authorized;
    const evil = { ...request, requestId: "x\r\nidempotency-key: other" };
    await expect(payments.authorize(evil)).rejects.toThrow(PaymentOutcomeUnknown);
    expect(provider.received).toHaveLength(0);
  });
});
