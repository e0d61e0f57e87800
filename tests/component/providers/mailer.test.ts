import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import {
  createMailer,
  type Mail,
  type Mailer,
  MailRefused,
} from "../../../services/notifications/providers/mailer.ts";
import { type MailSandbox, startMailSandbox } from "../sandbox/mail-sandbox.ts";

const aMail: Mail = {
  to: "ann@example.com",
  subject: "Order 1001 confirmed",
  text: "Thank you.\n",
  messageId: "<ord_1.confirmed@moleculer-orders>",
  headers: { "X-Order-Id": "ord_1", "X-Request-Id": "req-1" },
};

describe("The mailer, with the mail sink,", () => {
  let sink: MailSandbox;
  let mailer: Mailer;
  beforeAll(async () => {
    sink = await startMailSandbox();
    mailer = createMailer({ url: sink.smtpUrl, from: "Shop <shop@example.com>" });
  });
  afterEach(() => {
    for (const name of sink.files()) rmSync(join(sink.dataDir, name));
  });
  afterAll(async () => {
    mailer.close();
    await sink.stop();
  });

  /** Header lines of a raw mail, unfolded, by lower-case name. */
  function headersOf(raw: string): Record<string, string> {
    const [head = ""] = raw.split("\r\n\r\n");
    const lines = head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
    return Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 2),
      ]),
    );
  }

  test("sends one mail with its sender, recipient, subject, ids and headers", async () => {
    await mailer.send(aMail);
    const mails = sink.mails();
    expect(mails).toHaveLength(1);
    expect(headersOf(mails[0] as string)).toMatchObject({
      from: "Shop <shop@example.com>",
      to: "ann@example.com",
      subject: "Order 1001 confirmed",
      "message-id": "<ord_1.confirmed@moleculer-orders>",
      "x-order-id": "ord_1",
      "x-request-id": "req-1",
      "auto-submitted": "auto-generated",
    });
  });

  test("spells the headers of a mail as they were given", async () => {
    await mailer.send(aMail);
    expect(sink.mails()[0]).toMatch(/^X-Order-Id: ord_1\r\nX-Request-Id: req-1\r\n/m);
  });

  test.each([
    ["other scripts", "Grüße, 東京, 🍵"],
    ["lines of a single dot", "one\n.\n..\n. two\n\n.\n"],
    [
      "what looks like SMTP",
      "\r\n.\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n",
    ],
    ["what looks like headers", "Subject: other\nBcc: bob@example.com\n\ntext"],
    ["markup", "<script>alert(1)</script>"],
    ["a very long line", "x".repeat(20_000)],
    ["bare carriage returns and line feeds", "one\n.\r\rtwo\r.\r"],
  ])("delivers a text of %s as one mail, unchanged", async (_what, text) => {
    await mailer.send({ ...aMail, text });
    const [mail] = await sink.list();
    const plain = (value = "") => value.replaceAll(/\r\n?/g, "\n").trim();
    expect(plain(mail?.text)).toBe(plain(text));
    expect(sink.mails()).toHaveLength(1);
  });

  test("carries other scripts in subject and headers", async () => {
    await mailer.send({ ...aMail, subject: "Grüße aus 東京 – Bestellung 1001" });
    expect((await sink.list())[0]).toMatchObject({ subject: "Grüße aus 東京 – Bestellung 1001" });
  });

  const breaks = [
    "\r\nBcc: bob@example.com",
    "\nBcc: bob@example.com",
    "\rX: y",
    "\u0000",
    "\u0085",
    "\u2028x",
  ];
  test.each(
    breaks.flatMap((bad): [string, Partial<Mail>][] => [
      ["subject", { subject: `Order${bad}` }],
      ["to", { to: `ann@example.com${bad}` }],
      ["messageId", { messageId: `<a@b>${bad}` }],
      ["headers", { headers: { "X-Request-Id": `req-1${bad}` } }],
      ["headers", { headers: { [`X-Order${bad}`]: "ord_1" } }],
    ]),
  )("refuses a %s of more than one line: %j", async (field, change) => {
    const refusal = await mailer.send({ ...aMail, ...change }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MailRefused);
    expect(refusal).toMatchObject({ code: "MAIL_REFUSED" });
    const { errors } = (refusal as MailRefused).data as { errors: { path: string }[] };
    expect(errors.filter(({ path }) => !path.startsWith(field))).toEqual([]);
    expect(sink.mails()).toEqual([]);
  });

  test.each([
    "ann@example.com, bob@example.com",
    "ann@example.com; bob@example.com",
    "Ann <ann@example.com>",
    "<ann@example.com>",
    "ann@example.com>\u0020NOTIFY=SUCCESS",
    "group: ann@example.com, bob@example.com;",
    "ann",
    "",
    `${"a".repeat(300)}@example.com`,
  ])("refuses the recipient %j, which is not one plain address", async (to) => {
    await expect(mailer.send({ ...aMail, to })).rejects.toThrow(MailRefused);
    expect(sink.mails()).toEqual([]);
  });

  test.each(["Bcc", "To", "Content-Type", "Subject", "Message-ID", "X-Order Id", "X-Order:", ""])(
    "refuses %j as a header of one's own",
    async (name) => {
      await expect(mailer.send({ ...aMail, headers: { [name]: "x" } })).rejects.toThrow(MailRefused);
      expect(sink.mails()).toEqual([]);
    },
  );

  test("never tells the content of a refused mail", async () => {
    const refusal = await mailer.send({ ...aMail, subject: "secret\n" }).catch((error: unknown) => error);
    expect(JSON.stringify(refusal) + String(refusal)).not.toContain("secret");
  });

  test("sends many mails at once over few connections", async () => {
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => mailer.send({ ...aMail, messageId: `<${n}@moleculer-orders>` })),
    );
    expect(new Set(sink.mails().map((mail) => headersOf(mail)["message-id"])).size).toBe(50);
  });
});
