import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type MailSandbox, startMailSandbox } from "./mail-sandbox.ts";

const SCRIPT = "<script>alert(1)</script>";

describe("The mail sink's page", () => {
  let sandbox: MailSandbox;
  beforeAll(async () => {
    sandbox = await startMailSandbox();
  });
  afterAll(async () => {
    await sandbox.stop();
  });
  const page = async (query = "") => (await sandbox.get(`/${query}`)).text();

  test("says so when there is no mail yet", async () => {
    expect(await page()).toContain("No mail yet.");
  });

  test("shows the mails with their text, newest first", async () => {
    await sandbox.deliver([
      "From: Shop <shop@example.com>",
      "To: ann@example.com",
      "Subject: =?utf-8?Q?Order_1001_=C3=BCber?=",
      "Message-ID: <m1@shop>",
      "X-Order-Id: ord_1",
      "X-Request-Id: req-1",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: base64",
      "",
      Buffer.from("Your order is placed: 5 €").toString("base64"),
    ]);
    await new Promise((resolve) => setTimeout(resolve, 2));
    await sandbox.deliver(["To: bob@example.com", "Subject: The second", "", "text"]);
    const html = await page();
    expect(html).toContain("Order 1001 über");
    expect(html).toContain("Your order is placed: 5 €");
    expect(html).toContain("X-Order-Id: ord_1");
    expect(html.indexOf("The second")).toBeLessThan(html.indexOf("Order 1001"));
  });

  test("lists them as JSON with what identifies them", async () => {
    const [newest, first] = await sandbox.list();
    expect(newest).toMatchObject({
      to: "bob@example.com",
      orderId: "",
      text: expect.stringMatching(/^text/),
    });
    expect(first).toEqual({
      name: expect.stringMatching(/\.eml$/),
      receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      from: expect.stringContaining("shop@example.com"),
      to: "ann@example.com",
      subject: "Order 1001 über",
      messageId: "<m1@shop>",
      orderId: "ord_1",
      requestId: "req-1",
      text: expect.stringMatching(/^Your order is placed: 5 €/),
    });
  });

  test("goes back page by page", async () => {
    const [newest] = await sandbox.list("?limit=1");
    const older = await sandbox.list(`?limit=1&before=${newest?.name}`);
    expect(older).toMatchObject([{ subject: "Order 1001 über" }]);
    expect(await page("?limit=1")).toContain(`/?before=${newest?.name}`);
  });

  test("treats everything in a mail as text", async () => {
    await sandbox.deliver([
      `From: "${SCRIPT}" <x@example.com>`,
      `To: "${SCRIPT}'" <y@example.com>`,
      `Subject: ${SCRIPT}" onload='x`,
      `Message-ID: <${SCRIPT}@x>`,
      `X-Order-Id: ${SCRIPT}`,
      `X-Request-Id: </pre>${SCRIPT}`,
      "",
      `</pre></details>${SCRIPT}<img src=x onerror=alert(1)>`,
    ]);
    const html = await page("?limit=1");
    expect(html).not.toMatch(/<script|<img|onload='/i);
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html.match(/<\/pre>/g)).toHaveLength(1);
  });

  test("shows nothing but text of a mail in HTML", async () => {
    await sandbox.deliver([
      "Subject: html",
      "Content-Type: text/html",
      "",
      `<p>Hello &lt;b&gt;</p>${SCRIPT}<img src="http://tracker.example/x.gif">`,
    ]);
    const html = await page("?limit=1");
    expect(html).toContain("Hello &lt;b&gt;");
    expect(html).not.toMatch(/<script|<img/i);
  });

  test.each([
    ["nothing", [""]],
    ["no headers", ["", "text"]],
    ["headers only", ["Subject: x"]],
    ["a broken charset", ["Content-Type: text/plain; charset=klingon", "", "text"]],
    ["a multipart without an end", ["Content-Type: multipart/mixed; boundary=b", "", "--b", "", "text"]],
    ["a header twice", ["X-Order-Id: a", "X-Order-Id: b", "Subject: a", "Subject: b", "", "text"]],
    ["bytes", ["Subject: \u0000\u0007", "", "\u0000\u001b[31m"]],
  ])("can show a mail that is %s", async (_what, lines) => {
    expect(await sandbox.deliver(lines)).toMatch(/^250 /);
    const response = await sandbox.get("/?limit=1");
    expect(response.status).toBe(200);
  });

  test("may neither load nor run anything, by its own policy", async () => {
    const response = await sandbox.get("/");
    const style = /<style>(.*?)<\/style>/s.exec(await response.text())?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(response.headers.get("content-security-policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("hands out a raw mail as plain text, and no other file", async () => {
    const [{ name } = {}] = await sandbox.list("?limit=1");
    const raw = await sandbox.get(`/mails/${name}`);
    expect(raw.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    for (const path of ["/mails/..%2f..%2fetc%2fpasswd", "/mails/.eml", "/mails/x.eml", "/nothing", "//"])
      expect((await sandbox.get(path)).status).toBe(404);
  });

  test("is only for reading", async () => {
    const response = await sandbox.get("/", { method: "POST", body: "x" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test.each(["?limit=0", "?limit=x", "?limit=1e9", "?before=%zz", "?limit=1&limit=2"])(
    "shrugs at the query %s",
    async (query) => {
      expect((await sandbox.get(`/mails${query}`)).status).toBe(200);
    },
  );
});
