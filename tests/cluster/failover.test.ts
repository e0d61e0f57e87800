import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { expectAllFulfilled } from "../support/audit.ts";
import { startCluster, type TestCluster, until } from "../support/cluster.ts";
import { type Load, startLoad } from "../support/load.ts";
import { productWith } from "../support/shop.ts";

/** Less than a time-out of the gateway's calls: nobody waited for the dead node. */
const SLOWEST_MS = 2_500;
/** Requests are watched for so long after a fault, in milliseconds. */
const AFTERMATH_MS = 5_000;

let cluster: TestCluster;
let sku: string;
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.scale("orders=2", "inventory=2", "accounts=2", "api-gateway=2");
  sku = await productWith(cluster, { onHand: 100_000 });
}, 90_000);
afterAll(() => cluster.stop(), 30_000);

async function requestsFor(load: Load, durationMs: number): Promise<void> {
  const enough = (load.samples.at(-1)?.atMs ?? 0) + durationMs;
  await until("the load goes on", () => (load.samples.at(-1)?.atMs ?? 0) > enough, durationMs + 15_000);
}

test.each(["orders-1", "orders-2", "inventory-1", "inventory-2"])(
  "with two nodes of each service, kill -9 of %s under load fails no request",
  async (node) => {
    const load = await startLoad(cluster, { sku });
    await requestsFor(load, 1_000);
    const formerPid = cluster.kill(node);
    await requestsFor(load, AFTERMATH_MS);
    await cluster.untilRestarted(node, formerPid);
    await cluster.untilHealthy();
    const { failed, samples, orders } = await load.stop();
    expect(failed).toEqual([]);
    expect(Math.max(...samples.map(({ tookMs }) => tookMs))).toBeLessThan(SLOWEST_MS);
    await expectAllFulfilled(cluster, orders);
  },
  90_000,
);
