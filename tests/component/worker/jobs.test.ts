import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { currentRequest } from "../../../mixins/observability/request-context.ts";
import type { Store } from "../../../mixins/persistence/store.ts";
import { type Job, JobIncomplete } from "../../../services/worker/jobs/job.ts";
import { jobRows } from "../../../services/worker/repositories/job-runs.ts";
import { eventually } from "../../support/eventually.ts";
import { startProcess } from "../../support/processes.ts";
import { temporaryFolder } from "../persistence/temp-folder.ts";
import { type JobsNode, markingJob, startJobsNode } from "./jobs-fixture.ts";

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let nodes: JobsNode[];
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, "worker.sqlite");
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  folder.remove();
});

async function start(node: string, run?: Job["run"], clock?: () => number): Promise<JobsNode> {
  const jobs = (store: Store) => [markingJob(store, run)];
  const started = await startJobsNode({ file, node, jobs, ...(clock ? { clock } : {}) });
  nodes.push(started);
  return started;
}

async function stop(node: JobsNode): Promise<void> {
  nodes = nodes.filter((other) => other !== node);
  await node.stop();
}

describe("Two nodes on one store", () => {
  test("run a job once a tick, on one of them", async () => {
    const [one, two] = [await start("worker-1"), await start("worker-2")];
    await eventually(async () => (await one.marks()).length >= 3, { timeoutMs: 6_000 });
    const runs = await one.runs();
    const ticks = runs.map(({ startedAt }) => Math.floor(startedAt / 1_000));
    expect(new Set(ticks).size).toBe(ticks.length);
    expect(new Set(runs.map(({ node }) => node))).toEqual(new Set([runs[0]?.node]));
    const [listed] = await two.listed();
    expect(listed?.leader).toBe(runs[0]?.node);
  });

  test("hand the lead over at once when the one that leads stops", async () => {
    const one = await start("worker-1");
    await eventually(async () => (await one.marks()).length > 0);
    const two = await start("worker-2");
    await stop(one);
    const before = (await two.marks()).length;
    await eventually(async () => (await two.marks()).length > before, { timeoutMs: 1_400 });
    expect((await two.listed())[0]).toMatchObject({ leader: "worker-2" });
  });

  test("go on with the job of one that dies in the middle of a run", async () => {
    const dead = await startProcess(
      "tests/component/worker/jobs-process.ts",
      [file],
      {},
      { ready: /running/ },
    );
    const two = await start("worker-2");
    expect((await two.listed())[0]).toMatchObject({
      leader: "worker-dead",
      lastRun: { node: "worker-dead", outcome: "running", endedAt: null },
    });
    await dead.kill();
    await eventually(async () => (await two.runs())[1]?.outcome === "succeeded", { timeoutMs: 8_000 });
    const [lost, next] = await two.runs();
    expect(lost).toMatchObject({ node: "worker-dead", outcome: "lost" });
    expect(next).toMatchObject({ node: "worker-2", did: { marked: 1 } });
  }, 20_000);
});

describe("A run", () => {
  test("is recorded with its times, its node and what it did", async () => {
    const node = await start("worker-1");
    await eventually(async () => (await node.runs())[0]?.outcome === "succeeded");
    const [listed] = await node.listed();
    expect(listed).toMatchObject({
      name: "mark",
      schedule: "* * * * * *",
      lastRun: { node: "worker-1", did: { marked: 1 } },
    });
    expect(Date.parse(listed?.nextRun ?? "")).toBeGreaterThan(Date.parse(listed?.lastRun?.startedAt ?? ""));
  });

  test("is a request of its own", async () => {
    const seen: (string | undefined)[] = [];
    const node = await start("worker-1", async () => {
      seen.push(currentRequest()?.requestId);
      return {};
    });
    await eventually(() => seen.length >= 2);
    await stop(node);
    expect(seen.every((id) => id?.startsWith("req_"))).toBe(true);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("that fails is recorded with the error and what it did all the same, and the next tick runs", async () => {
    const node = await start("worker-1", async () => {
      throw new JobIncomplete("1 of 3 failed", { expired: 2 });
    });
    await eventually(async () => (await node.runs()).length >= 2);
    expect((await node.runs())[0]).toMatchObject({
      outcome: "failed",
      error: "1 of 3 failed",
      did: { expired: 2 },
    });
  });

  test("that was stopped with its node is done again by the next one", async () => {
    const one = await start("worker-1", async (_, { signal }) => {
      await new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      );
      return {};
    });
    await eventually(async () => (await one.runs()).length > 0);
    await stop(one);
    const two = await start("worker-2");
    await eventually(async () => (await two.marks()).length > 0, { timeoutMs: 900 });
    expect((await two.runs())[0]).toMatchObject({ outcome: "aborted", error: "the node stops" });
  });

  test("that takes longer than a tick is not joined by another", async () => {
    let running = 0;
    let most = 0;
    const node = await start("worker-1", async () => {
      most = Math.max(most, ++running);
      await delay(1_500);
      running -= 1;
      return {};
    });
    await eventually(
      async () => (await node.runs()).filter(({ outcome }) => outcome === "succeeded").length >= 2,
    );
    expect(most).toBe(1);
  });

  test("that outlives its lead is recorded, and moves nothing that the next one did", async () => {
    const paused = Promise.withResolvers<void>();
    let offset = 0;
    const one = await start("worker-1", async () => {
      await paused.promise;
      return { late: 1 };
    });
    await eventually(async () => (await one.runs()).length > 0);
    // As if the first one were asleep: the second one's clock says that the lead has run out.
    offset = 60_000;
    const two = await start("worker-2", undefined, () => Date.now() + offset);
    await eventually(async () => (await two.marks()).length > 0);
    const state = await two.store.get(jobRows, "mark");
    paused.resolve();
    const late = await eventually(async () => (await two.runs()).find(({ did }) => did?.late));
    expect(late).toMatchObject({ node: "worker-1", did: { late: 1 } });
    expect((await two.store.get(jobRows, "mark"))?.doneTo).toBeGreaterThanOrEqual(state?.doneTo ?? Infinity);
    await eventually(() => one.lostLead() === 1);
  });
});

describe("Missed runs", () => {
  test("are caught up once after a stop", async () => {
    const one = await start("worker-1");
    await eventually(async () => (await one.marks()).length > 0);
    await stop(one);
    const two = await start("worker-2", undefined, () => Date.now() + 3_600_000);
    await eventually(async () => (await two.marks()).length >= 4);
    const late = (await two.runs()).filter(({ node }) => node === "worker-2");
    const ticks = late.map(({ startedAt }) => Math.floor(startedAt / 1_000));
    expect(new Set(ticks).size).toBeGreaterThanOrEqual(ticks.length - 1);
  });
});
