import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { connectJetStream } from "../../../mixins/messaging/jetstream-connection.ts";
import { brokerOptions } from "../../../moleculer.config.ts";
import { connectNats } from "../../../scripts/cluster/nats-client.ts";
import { readSettings } from "../../../settings.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

const PASSWORD = "p@ss/w:rd%#?,";
const silent = { warn: () => {}, info: () => {} };

let nats: TestNatsServer;
let url: string;
beforeAll(async () => {
  nats = await startNatsServer({ config: `authorization { user: "shop@eu", password: "${PASSWORD}" }` });
  url = nats.url.replace("//", `//${encodeURIComponent("shop@eu")}:${encodeURIComponent(PASSWORD)}@`);
});
afterAll(() => nats.stop());

test("percent-encoded credentials of NATS_URL reach every connection as they are meant", async () => {
  const node = new ServiceBroker({
    ...brokerOptions(readSettings({ NATS_URL: url }), "node-1"),
    logger: false,
  });
  await node.start();
  await node.stop();
  const messages = await connectJetStream({ natsUrl: url, name: "test", logger: silent });
  await messages.close();
  const command = await connectNats(url);
  await command.close();
});

test("other credentials are refused", async () => {
  await expect(connectNats(nats.url)).rejects.toThrow("Authorization Violation");
});
