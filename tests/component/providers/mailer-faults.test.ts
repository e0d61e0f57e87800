import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { DependencyUnavailable } from "../../../mixins/errors.ts";
import {
  createMailer,
  type Mailer,
  MailOutcomeUnknown,
  MailRefused,
  MailUnavailable,
} from "../../../services/notifications/providers/mailer.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { type ScriptedSmtp, type Step, startScriptedSmtp } from "./scripted-smtp.ts";

const aMail = {
  to: "ann@example.com",
  subject: "Order 1001",
  text: "Thank you.",
  messageId: "<ord_1.placed@moleculer-orders>",
  headers: {},
};

describe("The mailer, with a mail server that fails,", () => {
  let smtp: ScriptedSmtp;
  let mailer: Mailer;
  beforeEach(async () => {
    smtp = await startScriptedSmtp();
    mailer = createMailer({
      url: smtp.url,
      from: "shop@example.com",
      connectTimeoutMs: 1_000,
      sendTimeoutMs: 1_500,
    });
  });
  afterEach(async () => {
    mailer.close();
    await smtp.stop();
  });
  const send = () => mailer.send(aMail).catch((error: unknown) => error);

  test.each<[Step, string]>([
    ["MAIL", "550 no such sender"],
    ["RCPT", "550 no such mailbox"],
    ["RCPT", "553 mailbox name not allowed"],
    ["DATA", "554 no valid recipients"],
    ["content", "554 spam"],
    ["content", "552 too large"],
  ])("reports %s answered with %s as refused for good, and the next mail goes out", async (step, reply) => {
    smtp.behaviour[step] = reply;
    const refusal = await send();
    expect(refusal).toBeInstanceOf(MailRefused);
    expect(refusal).toMatchObject({
      code: "MAIL_REFUSED",
      data: { responseCode: Number(reply.slice(0, 3)) },
    });
    smtp.behaviour = {};
    expect(await send()).toBeUndefined();
  });

  test.each<[Step, string]>([
    ["greeting", "554 no service here"],
    ["greeting", "421 too busy"],
    ["MAIL", "451 later"],
    ["RCPT", "450 mailbox busy"],
    ["RCPT", "452 too many recipients"],
    ["DATA", "451 later"],
    ["content", "451 disk full"],
    ["content", "421 going down"],
    ["MAIL", "503 bad sequence"],
  ])("reports %s answered with %s as unavailable, and the next mail goes out", async (step, reply) => {
    smtp.behaviour[step] = reply;
    const failure = await send();
    expect(failure).toBeInstanceOf(MailUnavailable);
    expect(failure).toBeInstanceOf(DependencyUnavailable);
    smtp.behaviour = {};
    expect(await send()).toBeUndefined();
  });

  test.each<[Step, "hang" | "drop"]>([
    ["content", "drop"],
    ["content", "hang"],
    ["DATA", "hang"],
    ["DATA", "drop"],
    ["RCPT", "hang"],
    ["MAIL", "drop"],
  ])("calls it unknown when the server at %s does this: %s", async (step, behaviour) => {
    smtp.behaviour[step] = behaviour;
    const failure = await send();
    expect(failure).toBeInstanceOf(MailOutcomeUnknown);
    expect(failure).toBeInstanceOf(DependencyUnavailable);
    smtp.behaviour = {};
    expect(await send()).toBeUndefined();
  });

  test("hands a mail over once when the server drops the connection after taking it", async () => {
    smtp.behaviour.content = "drop";
    expect(await send()).toBeInstanceOf(MailOutcomeUnknown);
    expect(smtp.mails).toBe(1);
  });

  test("reports a server that does not greet as unavailable", async () => {
    smtp.behaviour.greeting = "hang";
    expect(await send()).toBeInstanceOf(MailUnavailable);
  });

  test("ends in time when the server hangs, for waiting mails too", async () => {
    smtp.behaviour.content = "hang";
    const start = performance.now();
    const failures = await Promise.all(Array.from({ length: 12 }, send));
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(failures.every((failure) => failure instanceof DependencyUnavailable)).toBe(true);
  });

  test("does not notice that the server has closed an idle connection", async () => {
    expect(await send()).toBeUndefined();
    smtp.dropAll();
    expect(await send()).toBeUndefined();
    expect(smtp.mails).toBe(2);
  });

  test("uses one connection for mails that follow each other", async () => {
    for (let n = 0; n < 5; n++) await send();
    expect([smtp.mails, smtp.connections]).toEqual([5, 1]);
  });

  test("stops asking a server that keeps failing, and goes on when it is back", async () => {
    const guarded = createMailer({
      url: smtp.url,
      from: "shop@example.com",
      breaker: { minCalls: 4, halfOpenMs: 150 },
    });
    const attempt = () => guarded.send(aMail).catch((error: unknown) => error);
    smtp.behaviour.RCPT = "451 later";
    for (let n = 0; n < 4; n++) expect(String(await attempt())).toMatch(/451 later/);
    await eventually(async () => /Breaker is open/.test(String(await attempt())));

    smtp.behaviour = {};
    await eventually(async () => (await attempt()) === undefined);
    expect(await attempt()).toBeUndefined();
    guarded.close();
  });

  test("refusals of single mails do not stop the others", async () => {
    const guarded = createMailer({ url: smtp.url, from: "shop@example.com", breaker: { minCalls: 2 } });
    smtp.behaviour.RCPT = "550 no such mailbox";
    for (let n = 0; n < 10; n++) await expect(guarded.send(aMail)).rejects.toThrow(MailRefused);
    smtp.behaviour = {};
    await guarded.send(aMail);
    guarded.close();
  });

  test("reports that nobody listens as unavailable", async () => {
    const lost = createMailer({ url: `smtp://127.0.0.1:${await freePort()}`, from: "shop@example.com" });
    await expect(lost.send(aMail)).rejects.toThrow(MailUnavailable);
    lost.close();
  });

  test("fails at once after it was closed", async () => {
    mailer.close();
    expect(await send()).toBeInstanceOf(MailUnavailable);
    expect(smtp.connections).toBe(0);
  });
});
