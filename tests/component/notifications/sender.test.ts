import { expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { connect } from "nats";
import { brokerOptions } from "../../../moleculer.config.ts";
import createNotifications from "../../../services/notifications/notifications.service.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { publishMessage } from "../../support/publish-message.ts";
import { startMailServer } from "./mail-server.ts";
import { orderEvent, settingsFor } from "./notifications-fixture.ts";

test("Mails come from the sender that MAIL_FROM names", async () => {
  const nats = await startNatsServer();
  const connection = await connect({ servers: nats.url });
  const mailServer = await startMailServer();
  const settings = {
    ...settingsFor({ natsUrl: nats.url, smtpUrl: mailServer.url }),
    MAIL_FROM: '"Shop, Inc." <shop@example.org>',
  };
  const broker = new ServiceBroker(brokerOptions(settings, "notifications-1"));
  broker.createService(createNotifications(settings, broker.logger));
  await broker.start();
  try {
    const event = orderEvent("placed");
    await publishMessage(connection, event);
    await eventually(async () => mailServer.mailsFor(event.message.subject).length === 1, {
      timeoutMs: 15_000,
    });
    expect(mailServer.mailsFor(event.message.subject)[0]?.from).toMatchObject({
      value: [{ name: "Shop, Inc.", address: "shop@example.org" }],
    });
  } finally {
    await broker.stop();
    await mailServer.stop();
    await connection.close();
    await nats.stop();
  }
});
