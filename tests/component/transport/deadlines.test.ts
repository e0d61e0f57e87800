import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { type Context, ServiceBroker, type ServiceSchema } from "moleculer";
import { CALLS_DROPPED } from "../../../mixins/drop-late-calls.ts";
import { brokerOptions } from "../../../moleculer.config.ts";
import { readSettings } from "../../../settings.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

let nats: TestNatsServer;
let near: ServiceBroker;
let far: ServiceBroker;
let farthest: ServiceBroker;
const begun: string[] = [];

beforeAll(async () => {
  nats = await startNatsServer();
  near = node("near-1");
  far = node("far-1", {
    name: "far",
    actions: {
      async ask(ctx: Context<{ workMs: number }>) {
        await new Promise((resolve) => setTimeout(resolve, ctx.params.workMs));
        return ctx.call("farthest.left");
      },
      block(ctx: Context<{ forMs: number }>) {
        const end = performance.now() + ctx.params.forMs;
        while (performance.now() < end);
      },
      work: () => void begun.push("work"),
    },
  });
  farthest = node("farthest-1", {
    name: "farthest",
    actions: { left: (ctx: Context) => ctx.options.timeout },
  });
  await Promise.all([near, far, farthest].map((broker) => broker.start()));
  await near.waitForServices(["far", "farthest"]);
  await far.waitForServices(["farthest"]);
});
afterAll(async () => {
  await Promise.all([near, far, farthest].map((broker) => broker.stop()));
  await nats.stop();
});
beforeEach(() => void begun.splice(0));

function node(id: string, ...services: ServiceSchema[]): ServiceBroker {
  const broker = new ServiceBroker({
    ...brokerOptions(readSettings({ NATS_URL: nats.url }), id),
    logger: false,
  });
  for (const service of services) broker.createService(service);
  return broker;
}

const droppedBy = (broker: ServiceBroker) =>
  (broker.metrics.getMetric(CALLS_DROPPED)?.snapshot() ?? []) as readonly { value: number }[];

test("the time that is left travels with a call from node to node", async () => {
  const left = await near.call<number, object>("far.ask", { workMs: 300 }, { timeout: 2_000 });
  expect(left).toBeGreaterThan(500);
  expect(left).toBeLessThanOrEqual(1_700);
});

test("a call without a time-out of its own gets the broker's", async () => {
  expect(await near.call<number, object>("farthest.left", {})).toBe(5_000);
});

test("work is not begun when its caller has stopped waiting, and is counted", async () => {
  const blocked = near.call("far.block", { forMs: 400 });
  await expect(near.call("far.work", {}, { timeout: 100 })).rejects.toMatchObject({
    type: "REQUEST_TIMEOUT",
  });
  await blocked;
  await eventually(() => droppedBy(far).length > 0);
  expect(droppedBy(far)).toMatchObject([{ value: 1, labels: { action: "far.work" } }]);
  await near.call("far.work", {}, { timeout: 1_000 });
  expect(begun).toEqual(["work"]);
});
