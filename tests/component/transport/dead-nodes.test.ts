import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { connect, type NatsConnection } from "nats";
import { brokerOptions } from "../../../moleculer.config.ts";
import { readSettings } from "../../../settings.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

let nats: TestNatsServer;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());

function node(id: string): ServiceBroker {
  const options = brokerOptions(readSettings({ NATS_URL: nats.url }), id);
  // A stopping node would wait for the calls that hang.
  return new ServiceBroker({ ...options, logger: false, tracking: { enabled: false } });
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

/** As the death of a process looks to others: its connection is gone, and it told nobody. Resolves when NATS knows. */
async function cutOff({ transit, nodeID }: ServiceBroker): Promise<void> {
  const { client } = (transit as unknown as { tx: { client: NatsConnection } }).tx;
  await client.close();
  const asker = await connect({ servers: nats.url });
  const hasNoSubscriber = () =>
    asker.request(`MOL-orders.PONG.${nodeID}`, "", { timeout: 100 }).then(
      () => false,
      ({ code }) => code === "503",
    );
  await eventually(hasNoSubscriber);
  await asker.close();
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
  await Promise.all([near.stop(), far.broker.stop()]);
});

test("a call to a node that has died meanwhile fails at once", async () => {
  const [near, far] = [node("near-2"), hangingNode("far-2")];
  await Promise.all([near.start(), far.broker.start()]);
  await near.waitForServices("hangs");
  await cutOff(far.broker);
  const calledAtMs = performance.now();
  await expect(near.call("hangs.ask")).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
  expect(performance.now() - calledAtMs).toBeLessThan(150);
  await Promise.all([near.stop(), far.broker.stop()]);
});
