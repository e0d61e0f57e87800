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
