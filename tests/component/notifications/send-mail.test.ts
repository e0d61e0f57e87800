import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import { notificationKey } from "../../../services/notifications/domain/notification.ts";
import { type OrderStatus, OrderStatus as OrderStatuses } from "../../../services/orders/contract.ts";
import type { Settings } from "../../../settings.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { anOrder } from "../../support/orders-mother.ts";
import { hasAnswered, publishBody, publishMessage } from "../../support/publish-message.ts";
import { SmtpAnswer, startMailServer, type TestMailServer } from "./mail-server.ts";
import {
  type NotificationsNode,
  orderEvent,
  settingsFor,
  startNotifications,
} from "./notifications-fixture.ts";

let nats: TestNatsServer;
let connection: NatsConnection;
let mailServer: TestMailServer;
let settings: Settings;
let node: NotificationsNode;
const moreNodes: NotificationsNode[] = [];

beforeAll(async () => {
  nats = await startNatsServer();
  connection = await connect({ servers: nats.url });
  mailServer = await startMailServer();
  settings = settingsFor({ natsUrl: nats.url, smtpUrl: mailServer.url });
  node = await startNotifications(settings);
});
afterAll(async () => {
  await Promise.all([node, ...moreNodes].map(({ stop }) => stop()));
  await mailServer.stop();
  await connection.close();
  await nats.stop();
});
beforeEach(() => mailServer.answerWith(() => {}));

const settled = (template: OrderStatus) =>
  eventually(
    () => hasAnswered(connection, { stream: "EVENTS", consumer: `notifications--order-${template}` }),
    { timeoutMs: 15_000 },
  );
const rowOf = (orderId: string, template: OrderStatus) =>
  node.repository.find(notificationKey({ orderId, template }));

describe("An order event", () => {
  test.each(OrderStatuses.options)("order.%s sends its mail to the customer", async (template) => {
    const order = anOrder({ number: 4711 });
    await publishMessage(connection, orderEvent(template, order), { requestId: "req-42" });
    await settled(template);
    const [mail, ...others] = mailServer.mailsFor(order.id);
    expect(others).toEqual([]);
    expect(mail?.to).toMatchObject({ value: [{ address: "ann@example.com" }] });
    expect(mail?.subject).toMatch(/^Order 4711 /);
    expect(mail?.text).toContain(order.id);
    expect(mail?.html).toBe(false);
    expect(mail?.messageId).toBe(`<${order.id}.${template}@moleculer-orders>`);
    expect(mail?.headers.get("x-order-id")).toBe(order.id);
    expect(mail?.headers.get("x-request-id")).toBe("req-42");
    expect(await rowOf(order.id, template)).toMatchObject({ status: "sent", tries: 1, requestId: "req-42" });
  });

  test("that is delivered twice sends one mail", async () => {
    const event = orderEvent("placed");
    await publishMessage(connection, event);
    await settled("placed");
    await publishMessage(connection, event);
    await settled("placed");
    expect(mailServer.mailsFor(event.message.subject)).toHaveLength(1);
  });

  test("that is told again under another event id sends no second mail", async () => {
    const order = anOrder();
    await publishMessage(connection, orderEvent("placed", order));
    await publishMessage(connection, orderEvent("placed", order));
    await settled("placed");
    expect(mailServer.mailsFor(order.id)).toHaveLength(1);
  });

  test("that is delivered many times at once, to two nodes, sends one mail", async () => {
    moreNodes.push(await startNotifications(settings, { nodeId: "notifications-2" }));
    const event = orderEvent("confirmed");
    mailServer.answerWith(() => new Promise((resolve) => setTimeout(resolve, 300)));
    await Promise.all(Array.from({ length: 10 }, () => publishMessage(connection, event)));
    await settled("confirmed");
    expect(mailServer.mailsFor(event.message.subject)).toHaveLength(1);
  });

  test("that comes late or out of order is told all the same", async () => {
    const order = anOrder();
    for (const template of ["fulfilled", "confirmed", "placed"] as const) {
      await publishMessage(connection, orderEvent(template, order));
      await settled(template);
    }
    expect(mailServer.mailsFor(order.id).map(({ messageId }) => messageId)).toEqual([
      `<${order.id}.fulfilled@moleculer-orders>`,
      `<${order.id}.confirmed@moleculer-orders>`,
      `<${order.id}.placed@moleculer-orders>`,
    ]);
  });

  test("shows a name that looks like headers or markup as text", async () => {
    const [item] = anOrder().items as [ReturnType<typeof anOrder>["items"][number]];
    const name = "<script>Tea</script>\r\nBcc: eve@example.com\r\n\r\n.\r\nQUIT";
    const order = anOrder({ items: [{ ...item, name }] });
    await publishMessage(connection, orderEvent("placed", order));
    await settled("placed");
    const [mail] = mailServer.mailsFor(order.id);
    expect(mail?.headers.has("bcc")).toBe(false);
    expect(mail?.text).toContain("2 x <script>Tea</script> Bcc: eve@example.com . QUIT (TEA-100)");
  });
});

describe("A mail", () => {
  test("that the server does not take for now is sent later, once", async () => {
    let refusals = 0;
    mailServer.answerWith(() => {
      if (refusals++ < 2) throw new SmtpAnswer(451, "try again later");
    });
    const event = orderEvent("placed");
    await publishMessage(connection, event);
    await settled("placed");
    expect(mailServer.mailsFor(event.message.subject)).toHaveLength(1);
    expect(await rowOf(event.message.subject, "placed")).toMatchObject({ status: "sent" });
  });

  test("that is refused for good is marked as failed, not tried again, and poisons nothing", async () => {
    let attempts = 0;
    const refused = anOrder({ customer: { ...anOrder().customer, email: "nobody@example.com" } });
    mailServer.answerWith(({ to }) => {
      if (!JSON.stringify(to).includes("nobody@")) return;
      attempts += 1;
      throw new SmtpAnswer(550, "no such mailbox");
    });
    const other = anOrder();
    await publishMessage(connection, orderEvent("rejected", refused));
    await publishMessage(connection, orderEvent("rejected", other));
    await settled("rejected");
    await publishMessage(connection, orderEvent("rejected", refused));
    await settled("rejected");
    expect(attempts).toBe(1);
    expect(await rowOf(refused.id, "rejected")).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("no such mailbox"),
    });
    expect(mailServer.mailsFor(other.id)).toHaveLength(1);
  });

  test("to an address that is none is marked as failed and goes to nobody", async () => {
    const customer = { ...anOrder().customer, email: "ann@example.com, eve@example.com" };
    const order = anOrder({ customer });
    await publishMessage(connection, orderEvent("cancelled", order));
    await settled("cancelled");
    expect(await rowOf(order.id, "cancelled")).toMatchObject({ status: "failed" });
    expect(mailServer.mailsFor(order.id)).toEqual([]);
  });
});

describe("A poisoned message", () => {
  test("sends nothing and blocks no other", async () => {
    const poisoned = orderEvent("returned");
    const subject = `events.order.returned.${poisoned.message.subject}`;
    await publishBody(connection, subject, "{");
    await publishBody(connection, subject, JSON.stringify({ ...poisoned.message, data: { order: {} } }));
    await publishBody(connection, subject, JSON.stringify({ ...poisoned.message, schemaVersion: 99 }));
    const healthy = orderEvent("returned");
    await publishMessage(connection, healthy);
    await eventually(() => mailServer.mailsFor(healthy.message.subject).length === 1);
    expect(mailServer.mailsFor(poisoned.message.subject)).toEqual([]);
  });
});
