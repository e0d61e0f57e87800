import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import { StoreUnavailable } from "../../../mixins/persistence/store.ts";
import { CLAIM_MS, notificationKey } from "../../../services/notifications/domain/notification.ts";
import type { Settings } from "../../../settings.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { type RunningProcess, startProcess } from "../../support/processes.ts";
import { hasAnswered, publishMessage } from "../../support/publish-message.ts";
import { startMailServer, type TestMailServer } from "./mail-server.ts";
import { orderEvent, settingsFor, startNotifications } from "./notifications-fixture.ts";

let nats: TestNatsServer;
let connection: NatsConnection;
let mailServer: TestMailServer;
let settings: Settings;
let cleanUps: (() => Promise<unknown>)[];

beforeEach(async () => {
  nats = await startNatsServer();
  connection = await connect({ servers: nats.url });
  mailServer = await startMailServer();
  settings = settingsFor({ natsUrl: nats.url, smtpUrl: mailServer.url });
  cleanUps = [() => nats.stop(), () => connection.close(), () => mailServer.stop()];
});
afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

async function start(options: Parameters<typeof startNotifications>[1] = {}) {
  const node = await startNotifications(settings, options);
  cleanUps.push(node.stop);
  return node;
}

async function startNodeProcess(): Promise<RunningProcess> {
  const { DATA_DIR } = settings;
  const env = { NATS_URL: nats.url, SMTP_URL: mailServer.url, DATA_DIR };
  const running = await startProcess(
    "scripts/node.ts",
    ["services/notifications", "--id", "notifications-9"],
    env,
  );
  cleanUps.push(() => running.kill());
  return running;
}

const placedEvents = { stream: "EVENTS", consumer: "notifications--order-placed" } as const;
const settled = () => eventually(() => hasAnswered(connection, placedEvents), { timeoutMs: 30_000 });

describe("Notifications", () => {
  test("killed between the server's acceptance and the record send at most one more mail, with the same Message-ID", async () => {
    const first = await startNodeProcess();
    const event = orderEvent("placed");
    const orderId = event.message.subject;
    // The server has the mail, the client never hears of it.
    const accepted = new Promise<void>((resolve) => {
      mailServer.answerWith(async () => {
        await first.kill();
        resolve();
      });
    });
    await publishMessage(connection, event);
    await accepted;
    await eventually(() => mailServer.mailsFor(orderId).length === 1);

    mailServer.answerWith(() => {});
    const second = await start({ clock: () => Date.now() + CLAIM_MS });
    await settled();
    const mails = mailServer.mailsFor(orderId);
    expect(mails.map(({ messageId }) => messageId)).toEqual(
      Array(2).fill(`<${orderId}.placed@moleculer-orders>`),
    );
    const row = await second.repository.find(notificationKey({ orderId, template: "placed" }));
    expect(row).toMatchObject({ status: "sent", tries: 2 });
  }, 60_000);

  test("leave a mail alone while a crashed node's claim still holds", async () => {
    const first = await startNodeProcess();
    const event = orderEvent("placed");
    const claimed = new Promise<void>((resolve) => {
      mailServer.answerWith(async () => {
        await first.kill();
        resolve();
        throw new Error("never taken");
      });
    });
    await publishMessage(connection, event);
    await claimed;

    mailServer.answerWith(() => {});
    await start();
    await publishMessage(connection, event);
    const manager = await connection.jetstreamManager();
    await eventually(async () => {
      const { num_redelivered } = await manager.consumers.info(placedEvents.stream, placedEvents.consumer);
      return num_redelivered > 0;
    });
    expect(mailServer.mailsFor(event.message.subject)).toEqual([]);
  }, 60_000);

  test("send what came while the mail server was away, once it is back", async () => {
    await start();
    await mailServer.stop();
    const events = [orderEvent("placed"), orderEvent("placed")];
    for (const event of events) await publishMessage(connection, event);
    const manager = await connection.jetstreamManager();
    await eventually(async () => {
      const { num_redelivered } = await manager.consumers.info(placedEvents.stream, placedEvents.consumer);
      return num_redelivered === 2;
    });
    const { port } = mailServer;
    mailServer = await startMailServer({ port });
    await settled();
    for (const { message } of events) expect(mailServer.mailsFor(message.subject)).toHaveLength(1);
  }, 60_000);

  test("repeat only the record when the store fails after the mail is out", async () => {
    let failures = 0;
    const node = await start({
      around: (outbox) => ({
        ...outbox,
        async commit(batch) {
          if (batch.delivery && failures++ < 3) throw new StoreUnavailable("disk full");
          await outbox.commit(batch);
        },
      }),
    });
    const event = orderEvent("placed");
    const orderId = event.message.subject;
    await publishMessage(connection, event);
    await settled();
    expect(mailServer.mailsFor(orderId)).toHaveLength(1);
    const row = await node.repository.find(notificationKey({ orderId, template: "placed" }));
    expect(row).toMatchObject({ status: "sent", tries: 1 });
  });

  test("finish the mail that is on its way when they stop", async () => {
    const node = await startNotifications(settings);
    const event = orderEvent("placed");
    const arrived = Promise.withResolvers<void>();
    const stopping = Promise.withResolvers<void>();
    mailServer.answerWith(() => {
      arrived.resolve();
      return stopping.promise;
    });
    await publishMessage(connection, event);
    await arrived.promise;
    const stopped = node.stop();
    setTimeout(stopping.resolve, 300);
    await stopped;
    expect(await hasAnswered(connection, placedEvents)).toBe(true);
    expect(mailServer.mailsFor(event.message.subject)).toHaveLength(1);
  });
});
