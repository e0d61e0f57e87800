import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ResultOf } from "../../../contracts/define-contract.ts";
import { answerCalls } from "../../../mixins/calls.ts";
import { worker } from "../../../services/worker/contract.ts";
import { type GatewayFixture, openGateway } from "./gateway-fixture.ts";

const jobs: ResultOf<typeof worker.calls.listJobs> = {
  items: [
    {
      name: "reconcile",
      purpose: "Settles orders.",
      schedule: "*/10 * * * * *",
      timeoutMs: 60_000,
      leader: "worker-1",
      nextRun: "2026-11-22T10:00:10.000Z",
      lastRun: {
        id: "run_1",
        node: "worker-1",
        outcome: "succeeded",
        startedAt: "2026-11-22T10:00:00.000Z",
        endedAt: "2026-11-22T10:00:01.000Z",
        did: { settled: 3 },
      },
    },
  ],
};
const report: ResultOf<typeof worker.calls.invariants> = {
  items: [
    {
      check: "stock-adds-up",
      rule: "Each stock level is the sum of its movements.",
      checkedAt: "2026-11-22T10:00:20.000Z",
      checked: 20,
      found: 0,
      violations: [],
    },
  ],
};

describe.each([
  ["/v1/admin/jobs", jobs],
  ["/v1/admin/invariants", report],
])("GET %s", (path, answered) => {
  let gateway: GatewayFixture;
  beforeAll(async () => {
    gateway = await openGateway();
    const { listJobs, invariants } = worker.calls;
    gateway.broker.createService({
      name: worker.service,
      actions: answerCalls(
        { listJobs, invariants },
        { listJobs: async () => jobs, invariants: async () => report },
      ),
    });
    await gateway.broker.waitForServices(worker.service);
  });
  afterAll(() => gateway.stop());

  test("answers operators", async () => {
    const { authorization } = await gateway.signIn("operator");
    const answer = await gateway.send("GET", path, { headers: { authorization } });
    expect([answer.status, answer.body]).toEqual([200, answered]);
  });

  test("is forbidden to customers, and to nobody signed in", async () => {
    const { authorization } = await gateway.signIn("customer");
    expect((await gateway.send("GET", path, { headers: { authorization } })).status).toBe(403);
    expect((await gateway.send("GET", path)).status).toBe(401);
  });
});
