import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SERVICES } from "../../scripts/cluster/cluster.ts";
import { expectAllFulfilled } from "../support/audit.ts";
import { startCluster, type TestCluster } from "../support/cluster.ts";
import { startLoad } from "../support/load.ts";
import { productWith } from "../support/shop.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.scale(...SERVICES.map((service) => `${service}=2`));
}, 90_000);
afterAll(() => cluster.stop(), 30_000);

/** How each process ended, as the supervisor saw it. */
function endings(): string[] {
  return readFileSync(join(cluster.dataDir, "logs/supervisor.log"), "utf8")
    .split("\n")
    .filter((line) => line.includes('"ended'))
    .map((line) => JSON.parse(line) as { part: string; how: string })
    .map(({ part, how }) => `${part}: ${how}`);
}

test("a rolling restart of two nodes of each service under load fails no request and loses no message", async () => {
  const sku = await productWith(cluster, { onHand: 10_000 });
  const load = await startLoad(cluster, { sku, perSecond: 50 });
  const nodes = SERVICES.flatMap((service) => [`${service}-1`, `${service}-2`]);
  for (const node of nodes) {
    const formerPid = cluster.pidOf(node);
    process.kill(formerPid, "SIGTERM");
    await cluster.untilRestarted(node, formerPid);
    await cluster.untilHealthy();
  }
  const { failed, samples, orders } = await load.stop();
  expect(failed).toEqual([]);
  expect(samples.length).toBeGreaterThan(500);
  expect(endings()).toEqual(nodes.map((node) => `${node}: exit code 0`));
  await expectAllFulfilled(cluster, orders);
}, 150_000);
