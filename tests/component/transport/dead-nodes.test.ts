import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../../moleculer.config.ts";
import { readSettings } from "../../../settings.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

let nats: TestNatsServer;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());

function node(id: string): ServiceBroker {
  return new ServiceBroker({ ...brokerOptions(readSettings({ NATS_URL: nats.url }), id), logger: false });
}

/** A node whose only action never answers; `asked` resolves when it was called. */
function hangingNode(id: string) {
  const asked = Promise.withResolvers<void>();
  const broker = node(id);
  const ask = () => {
    asked.resolve();
    return new Promise(() => {});
  };
  broker.createService({ name: "hangs", actions: { ask } });
  return { broker, asked: asked.promise };
}

/** As the death of a process looks to others: its connection is gone, and it told nobody. */
function cutOff({ transit }: ServiceBroker): Promise<void> {
  const { client } = (transit as unknown as { tx: { client: { close(): Promise<void> } } }).tx;
  return client.close();
}

test("a call under way fails, worth a retry, within a second of its node's death", async () => {
  const [near, far] = [node("near-1"), hangingNode("far-1")];
  await Promise.all([near.start(), far.broker.start()]);
  await near.waitForServices("hangs");
  const call = near.call("hangs.ask").catch((error) => error);
  await far.asked;
  await cutOff(far.broker);
  const diedAtMs = performance.now();
  expect(await call).toMatchObject({ type: "REQUEST_REJECTED", retryable: true });
  expect(performance.now() - diedAtMs).toBeLessThan(1_000);
  await expect(near.call("hangs.ask")).rejects.toMatchObject({ type: "SERVICE_NOT_AVAILABLE" });
  await near.stop();
});

test("a call to a node that has died meanwhile fails at once", async () => {
  const [near, far] = [node("near-2"), hangingNode("far-2")];
  await Promise.all([near.start(), far.broker.start()]);
  await near.waitForServices("hangs");
  await cutOff(far.broker);
  const calledAtMs = performance.now();
  await expect(near.call("hangs.ask")).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
  expect(performance.now() - calledAtMs).toBeLessThan(200);
  await near.stop();
});
