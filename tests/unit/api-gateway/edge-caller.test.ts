import { beforeEach, describe, expect, test } from "@jest/globals";
import { type Context, Errors } from "moleculer";
import { createEdgeCaller } from "../../../services/api-gateway/calls/edge-caller.ts";
import { createRetryBudget, type RetryBudget } from "../../../services/api-gateway/calls/retry-budget.ts";
import type { Exchange } from "../../../services/api-gateway/http/exchange.ts";

const lost = new Errors.RequestRejectedError({ action: "orders.place", nodeID: "orders-1" });

let budget: RetryBudget;
beforeEach(() => {
  budget = createRetryBudget();
});

const newExchange = (): Exchange => ({
  requestId: "r-1",
  traceparent: undefined,
  path: "/v1/orders",
  startedAtMs: 0,
  outcomeUnknown: false,
  isOver: false,
});

/** A context whose calls fail until the given try. */
function failingUntil(success: number, onCall: () => void = () => {}) {
  const seen: unknown[] = [];
  const call = async (_action: string, _params: unknown, options: unknown) => {
    seen.push(options);
    onCall();
    if (seen.length < success) throw lost;
    return "done";
  };
  return { seen, ctx: { call } as unknown as Pick<Context, "call"> };
}

describe("a call of the gateway", () => {
  test("is tried up to three times, each with its own time-out and without the broker's retries", async () => {
    const { ctx, seen } = failingUntil(3);
    const caller = createEdgeCaller(ctx, newExchange(), { changesSomething: true, budget });
    expect(await caller.call("orders.place", {})).toBe("done");
    expect(seen).toEqual(Array(3).fill({ timeout: 3_000, tracking: false, retries: 0 }));
  });

  test("leaves no doubt once it was answered", async () => {
    const exchange = newExchange();
    await createEdgeCaller(failingUntil(2).ctx, exchange, { changesSomething: true, budget }).call(
      "orders.place",
      {},
    );
    expect(exchange.outcomeUnknown).toBe(false);
  });

  test("is in doubt as soon as a write is on its way", async () => {
    const exchange = newExchange();
    const { ctx } = failingUntil(1, () => expect(exchange.outcomeUnknown).toBe(true));
    await createEdgeCaller(ctx, exchange, { changesSomething: true, budget }).call("orders.place", {});
    expect.assertions(1);
  });

  test("is not tried again for a client that has gone", async () => {
    const exchange = newExchange();
    const { ctx, seen } = failingUntil(3, () => {
      exchange.isOver = true;
    });
    const caller = createEdgeCaller(ctx, exchange, { changesSomething: true, budget });
    await expect(caller.call("orders.place", {})).rejects.toBe(lost);
    expect(seen).toHaveLength(1);
  });

  test("that its contract does not call safe to repeat is tried once", async () => {
    const { ctx, seen } = failingUntil(3);
    const caller = createEdgeCaller(ctx, newExchange(), { changesSomething: true, budget });
    await expect(caller.call("accounts.register", {}, { retries: 0 })).rejects.toBe(lost);
    expect(seen).toHaveLength(1);
  });

  test("is tried once while more fails than the budget of retries allows", async () => {
    while (budget.spend());
    const { ctx, seen } = failingUntil(3);
    const caller = createEdgeCaller(ctx, newExchange(), { changesSomething: true, budget });
    await expect(caller.call("orders.place", {})).rejects.toBe(lost);
    expect(seen).toHaveLength(1);
  });

  test("earns a fifth of a retry, up to a hundred retries in all", () => {
    while (budget.spend());
    for (let call = 0; call < 5; call++) budget.earn();
    expect([budget.spend(), budget.spend()]).toEqual([true, false]);
    for (let call = 0; call < 1_000; call++) budget.earn();
    let spent = 0;
    while (budget.spend()) spent += 1;
    expect(spent).toBe(100);
  });
});
