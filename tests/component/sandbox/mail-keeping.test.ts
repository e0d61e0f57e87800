import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type MailSandbox, startMailSandbox } from "./mail-sandbox.ts";

describe("The mail sink", () => {
  let sandbox: MailSandbox;
  beforeAll(async () => {
    sandbox = await startMailSandbox();
  });
  afterEach(async () => {
    expect((await sandbox.get("/healthz")).status).toBe(200);
    for (const name of sandbox.files()) rmSync(join(sandbox.dataDir, name));
  });
  afterAll(async () => {
    expect(await sandbox.stop()).toEqual({ code: 0, signal: null });
  });

  test("has the mail on disk, byte for byte, when it answers 250", async () => {
    const reply = await sandbox.deliver(["Subject: Hello", "X-Order-Id: ord_1", "", "..", "Grüße", "..x"]);
    const files = sandbox.files();
    expect(reply).toMatch(/^250 kept as /);
    expect(files).toEqual([reply.slice("250 kept as ".length)]);
    expect(sandbox.mails()).toEqual(["Subject: Hello\r\nX-Order-Id: ord_1\r\n\r\n.\r\nGrüße\r\n.x\r\n"]);
  });

  test("names the files so that their order is the order of arrival", async () => {
    for (const subject of ["one", "two", "three"]) {
      await sandbox.deliver([`Subject: ${subject}`, "", "."]);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(sandbox.mails().map((mail) => mail.split("\r\n")[0])).toEqual([
      "Subject: one",
      "Subject: two",
      "Subject: three",
    ]);
  });

  test("takes many mails at once, each in a file of its own", async () => {
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, n) => sandbox.deliver([`Subject: ${n}`, "", "text"])),
    );
    expect(new Set(replies).size).toBe(40);
    expect(new Set(sandbox.mails()).size).toBe(40);
  });

  test("takes several mails over one connection", async () => {
    const client = await sandbox.connect();
    for (const subject of ["one", "two"]) {
      await client.startMail();
      client.write(`Subject: ${subject}\r\n\r\ntext\r\n.\r\n`);
      expect(await client.reply()).toMatch(/^250 /);
    }
    expect(await client.say("QUIT")).toMatch(/^221 /);
    expect(sandbox.mails()).toHaveLength(2);
  });

  test("offers neither sign-in nor TLS", async () => {
    const client = await sandbox.connect();
    const greeting = await client.say("EHLO test");
    expect(greeting).not.toMatch(/AUTH|STARTTLS/);
    expect(await client.say("AUTH PLAIN AGFubgBzZWNyZXQ=")).toMatch(/^5/);
    expect(await client.say("STARTTLS")).toMatch(/^5/);
    await client.hangUp();
  });

  test("refuses a mail that is larger than it said, keeps nothing of it and takes the next", async () => {
    const client = await sandbox.connect();
    await client.startMail();
    client.write(`Subject: big\r\n\r\n${`${"x".repeat(998)}\r\n`.repeat(1_100)}.\r\n`);
    expect(await client.reply()).toMatch(/^552 /);
    expect(sandbox.files()).toEqual([]);
    await client.startMail();
    client.write("Subject: small\r\n\r\ntext\r\n.\r\n");
    expect(await client.reply()).toMatch(/^250 /);
    await client.hangUp();
  });

  test("refuses a mail that announces to be too large", async () => {
    const client = await sandbox.connect();
    await client.say("EHLO test");
    expect(await client.say("MAIL FROM:<shop@example.com> SIZE=2000000")).toMatch(/^552 /);
    await client.hangUp();
  });

  test("keeps nothing of a mail whose sender hangs up in the middle", async () => {
    const client = await sandbox.connect();
    await client.startMail();
    client.write("Subject: half\r\n\r\nthe first ha");
    await client.hangUp();
    await sandbox.waitForLine(/mail not kept/);
    expect(sandbox.files()).toEqual([]);
  });

  test.each([
    ["empty lines", "\r\n\r\n\r\n"],
    ["a greeting without a name", "EHLO"],
    ["half an address", "MAIL FROM:<a@b"],
    ["a mail without a recipient", "DATA"],
    ["bytes", "\u0000\u0001\u0002"],
    ["an endless line", "X".repeat(20_000)],
  ])("survives %s", async (_what, command) => {
    const client = await sandbox.connect();
    client.write(`${command}\r\nQUIT\r\n`);
    expect(await client.reply()).toMatch(/^[245]\d\d/);
    await client.hangUp();
  });
});

describe("The mail sink, on bad days,", () => {
  const started: MailSandbox[] = [];
  async function start(dataDir?: string): Promise<MailSandbox> {
    const sandbox = await startMailSandbox(dataDir);
    started.push(sandbox);
    return sandbox;
  }
  afterEach(async () => {
    await Promise.all(started.splice(0).map((sandbox) => sandbox.kill()));
  });

  test("answers 451 when the mail cannot be kept, and goes on when it can again", async () => {
    const other = await start();
    rmSync(other.dataDir, { recursive: true });
    expect(await other.deliver(["Subject: lost", "", "text"])).toMatch(/^451 /);
    mkdirSync(other.dataDir);
    expect(await other.deliver(["Subject: kept", "", "text"])).toMatch(/^250 /);
  });

  test("still has every mail that it acknowledged, and nothing half-written, after kill -9", async () => {
    const first = await start();
    const acknowledged: string[] = [];
    const clients = Array.from({ length: 5 }, async (_, client) => {
      for (let n = 0; ; n++) {
        const reply = await first.deliver([`Subject: ${client}-${n}`, "", "text"]).catch(() => "");
        if (!reply.startsWith("250 ")) return;
        acknowledged.push(reply.slice("250 kept as ".length));
        if (acknowledged.length === 60) await first.kill();
      }
    });
    await Promise.all(clients);
    writeFileSync(join(first.dataDir, "20260101T000000000Z-00000000.eml.tmp"), "Subject: ha");

    const second = await start(first.dataDir);
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    expect(second.files()).toEqual(expect.arrayContaining(acknowledged));
    expect(second.files().filter((name) => !name.endsWith(".eml"))).toEqual([]);
    expect(second.mails().every((mail) => mail.endsWith("\r\n\r\ntext\r\n"))).toBe(true);
  });

  test("stops while a client stays connected", async () => {
    const sandbox = await start();
    const client = await sandbox.connect();
    await client.say("EHLO test");
    expect(await sandbox.stop(3_000)).toEqual({ code: 0, signal: null });
    await client.hangUp();
  });
});
