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
import { type Behaviour, type ScriptedSmtp, type Step, startScriptedSmtp } from "./scripted-smtp.ts";

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
    ["RCPT", "550 no such mailbox"],
    ["RCPT", "550 5.1.1 no such mailbox"],
    ["RCPT", "501 5.1.3 bad recipient address"],
    ["RCPT", "550 5.4.1 recipient address rejected"],
    ["RCPT", "550 5.1.1 <relay@example.com> no such mailbox"],
    ["RCPT", "550 5.2.1 mailbox disabled"],
    ["RCPT", "552 5.2.2 mailbox full"],
    ["RCPT", "550 5.7.1 blocked by the recipient"],
    ["RCPT", "556 5.1.10 the domain takes no mail"],
    ["RCPT", "553 mailbox name not allowed"],
    ["DATA", "554 no valid recipients"],
    ["content", "554 spam"],
    ["content", "552 too large"],
    ["content", "552 5.2.3 message too long"],
    ["content", "552 5.3.4 message too big for the system"],
    ["MAIL", "552 5.3.4 message too big for the system"],
    ["content", "554 5.6.0 malformed"],
    ["content", "554-5.7.1 this looks like spam\r\n554 5.7.1 see our rules"],
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
    // For good as well, but about the sender, the session or the day: the next mail would fare no better.
    ["MAIL", "550 no such sender"],
    ["MAIL", "550 5.7.1 not allowed"],
    ["MAIL", "530 5.7.0 sign in first"],
    ["RCPT", "530 5.7.1 sign in first"],
    ["DATA", "530 sign in first"],
    ["RCPT", "534 5.7.9 sign-in too weak"],
    ["RCPT", "535 5.7.8 bad credentials"],
    ["RCPT", "538 encryption needed to sign in"],
    ["RCPT", "550 5.7.8 bad credentials"],
    ["RCPT", "550 5.1.7 bad sender address"],
    ["RCPT", "553 5.1.8 no such domain of the sender"],
    ["RCPT", "550 5.4.5 daily quota exceeded"],
    ["RCPT", "550 5.4.4 no route"],
    ["RCPT", "521 5.3.2 takes no mail today"],
    ["RCPT", "554 5.7.1 <ann@example.com>: Relay access denied"],
    ["RCPT", "550 relay not permitted"],
    ["RCPT", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"],
    ["RCPT", "500 what"],
    ["RCPT", "555 unknown parameter"],
    ["DATA", "554 5.5.1 bad sequence"],
    ["content", "554 5.3.0 trouble in the mail system"],
    ["content", "550-5.4.5 daily quota\r\n550 5.4.5 exceeded"],
    ["content", "554 5.7.60 may not send as this sender"],
    ["content", "550 5.7.26 the sender's domain is not authenticated"],
    // Only 354 asks for the content; after this one it would be read as commands.
    ["DATA", "250 ok"],
  ])("reports %s answered with %s as unavailable, and the next mail goes out", async (step, reply) => {
    smtp.behaviour[step] = reply;
    const failure = await send();
    expect(failure).toBeInstanceOf(MailUnavailable);
    expect(failure).toBeInstanceOf(DependencyUnavailable);
    smtp.behaviour = {};
    expect(await send()).toBeUndefined();
  });

  test.each<[Step, Behaviour]>([
    ["content", "no reply of a mail server"],
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

  test("stops asking a server that refuses the sender", async () => {
    const guarded = createMailer({ url: smtp.url, from: "shop@example.com", breaker: { minCalls: 4 } });
    smtp.behaviour.MAIL = "550 5.7.60 may not send as this sender";
    for (let n = 0; n < 4; n++) await expect(guarded.send(aMail)).rejects.toThrow(MailUnavailable);
    await eventually(async () => /Breaker is open/.test(String(await guarded.send(aMail).catch(String))));
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
