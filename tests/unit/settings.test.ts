import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../settings.ts";

describe("The sender of all mails, MAIL_FROM,", () => {
  test("is an address of ours when it is unset or empty", () => {
    const sender = "Moleculer Orders <orders@example.com>";
    expect(readSettings({}).MAIL_FROM).toBe(sender);
    expect(readSettings({ MAIL_FROM: "" }).MAIL_FROM).toBe(sender);
  });

  test.each([
    "shop@example.com",
    "Shop <shop@example.com>",
    "Café Müller & Co. <shop@example.com>",
    '"Shop, Inc." <shop@example.com>',
  ])("may be %s", (sender) => {
    expect(readSettings({ MAIL_FROM: sender }).MAIL_FROM).toBe(sender);
  });

  test.each([
    "shop",
    "Shop",
    "Shop <shop>",
    "Shop shop@example.com",
    "<>",
    "Shop <shop@example.com",
    "Shop, Inc. <shop@example.com>",
    "a@example.com, b@example.com",
    "Shop <a@example.com>, B <b@example.com>",
    "Shop\r\nBcc: b@example.com <shop@example.com>",
    "Shop\u2028 <shop@example.com>",
    `${"a".repeat(300)}@example.com`,
  ])("stops the start when it is %j", (sender) => {
    expect(() => readSettings({ MAIL_FROM: sender })).toThrow(
      /^The setting MAIL_FROM must be an address, such as .*, or a name and an address, such as .*\.$/,
    );
  });
});
