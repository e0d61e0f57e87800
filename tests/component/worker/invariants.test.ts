import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { newId } from "../../../contracts/ids.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore } from "../../../mixins/persistence/store.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import { orders } from "../../../services/orders/contract.ts";
import { reportInvariants } from "../../../services/worker/handlers/actions/report-invariants.ts";
import { invariants } from "../../../services/worker/handlers/jobs/invariants.ts";
import { forgetViolations, registerViolations } from "../../../services/worker/jobs/violations-gauge.ts";
import {
  createInvariantReports,
  invariantReportRows,
} from "../../../services/worker/repositories/invariant-reports.ts";
import { temporaryFolder } from "../persistence/temp-folder.ts";
import { openJobFixture, stub } from "./job-fixture.ts";

const NOW = Date.parse("2026-11-22T10:00:00.000Z");
const orderId = newId("ord", NOW);

describe("The invariant monitor", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: ConnectedStore;
  let fixture: Awaited<ReturnType<typeof openJobFixture>>;
  let stockFaults: { sku: string; problem: string }[];
  let misfits: { orderId: string; problem: string }[];
  let isInventoryAway: boolean;
  let graces: object[];
  beforeEach(async () => {
    folder = temporaryFolder();
    store = createSqliteStore({
      file: join(folder.path, "worker.sqlite"),
      collections: [invariantReportRows],
    });
    await store.connect();
    stockFaults = [];
    misfits = [];
    isInventoryAway = false;
    graces = [];
    fixture = await openJobFixture([
      stub(inventory.calls.checkStock, ({ cursor }) => {
        if (isInventoryAway) throw new Error("away");
        return {
          checked: 10,
          busy: 0,
          faults: cursor ? stockFaults : [],
          nextCursor: cursor ? null : "more",
        };
      }),
      stub(orders.calls.checkOrders, ({ stuckAfterSeconds, paymentGraceSeconds }) => {
        graces.push({ stuckAfterSeconds, paymentGraceSeconds });
        return { checked: 5, stuck: [], misfits, nextCursor: null };
      }),
    ]);
    registerViolations(fixture.broker);
  });
  afterEach(async () => {
    await fixture.stop();
    await store.disconnect();
    folder.remove();
  });

  const reports = () => createInvariantReports({ store });
  const check = () => fixture.run(invariants({ reports: reports(), clock: () => NOW, holdSeconds: 900 }));
  const reported = async () => {
    const { items } = await reportInvariants({ reports: reports() } as never)({}, fixture.broker as never);
    return Object.fromEntries(items.map((item) => [item.check, item]));
  };
  const gauge = () => {
    const [listed] = fixture.broker.metrics.list({ includes: "orders_invariant_violations" });
    const values = listed?.values as unknown as { value: number; labels: { check: string } }[];
    return Object.fromEntries(values.map(({ value, labels }) => [labels.check, value]));
  };

  test("says before its first run that nothing was checked", async () => {
    expect(await reported()).toMatchObject({ "stock-adds-up": { checkedAt: null, checked: 0, found: 0 } });
  });

  test("says what it checked, when, and that all is well", async () => {
    expect(await check()).toEqual({ checked: 30, violations: 0 });
    const at = new Date(NOW).toISOString();
    expect(await reported()).toMatchObject({
      "stock-adds-up": { checkedAt: at, checked: 20, found: 0, violations: [] },
      "payments-fit": { checkedAt: at, checked: 5, found: 0 },
      "no-stuck-orders": { checkedAt: at, checked: 5, found: 0 },
    });
    expect(gauge()).toEqual({ "stock-adds-up": 0, "payments-fit": 0, "no-stuck-orders": 0 });
    expect(fixture.log).toEqual([]);
  });

  test("gives orders their hold and a minute to end", async () => {
    await check();
    expect(graces).toEqual([{ stuckAfterSeconds: 960, paymentGraceSeconds: 60 }]);
  });

  test("names what is wrong, counts it in the metric and logs it as an error", async () => {
    stockFaults = [{ sku: "TEA-100", problem: "more was taken than there is" }];
    misfits = [{ orderId, problem: "cancelled with a payment that is captured" }];
    expect(await check()).toEqual({ checked: 30, violations: 2 });
    expect(await reported()).toMatchObject({
      "stock-adds-up": {
        found: 1,
        violations: [{ subject: "TEA-100", problem: "more was taken than there is" }],
      },
      "payments-fit": { found: 1, violations: [{ subject: orderId }] },
    });
    expect(gauge()).toMatchObject({ "stock-adds-up": 1, "payments-fit": 1, "no-stuck-orders": 0 });
    expect(fixture.log.map(({ level, details }) => [level, details])).toMatchObject([
      ["error", { check: "stock-adds-up" }],
      ["error", { check: "payments-fit" }],
    ]);
  });

  test("does not say that all is well when a service does not answer", async () => {
    isInventoryAway = true;
    await expect(check()).rejects.toMatchObject({ message: expect.stringContaining("stock-adds-up") });
    expect(await reported()).toMatchObject({
      "stock-adds-up": { error: expect.stringContaining("away") },
      "payments-fit": { checked: 5 },
    });
  });

  test("forgets its metric when another node leads the jobs", async () => {
    stockFaults = [{ sku: "TEA-100", problem: "wrong" }];
    await check();
    forgetViolations(fixture.broker);
    expect(gauge()).toMatchObject({ "stock-adds-up": 0 });
  });
});
