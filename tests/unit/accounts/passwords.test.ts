import { describe, expect, test } from "@jest/globals";
import { createPasswords } from "../../../services/accounts/security/passwords.ts";

const passwords = createPasswords({ N: 2 ** 10, r: 8, p: 1 });

describe("a password", () => {
  test("fits its own hash", async () => {
    expect(await passwords.fits("correct horse", await passwords.hash("correct horse"))).toBe(true);
  });

  test("does not fit another one's hash", async () => {
    expect(await passwords.fits("wrong horse", await passwords.hash("correct horse"))).toBe(false);
  });

  test("never fits where there is no account", async () => {
    expect(await passwords.fits("", undefined)).toBe(false);
    expect(await passwords.fits("correct horse", undefined)).toBe(false);
  });

  test("has another hash each time, which names the cost", async () => {
    const [one, two] = await Promise.all([passwords.hash("same"), passwords.hash("same")]);
    expect(one).not.toBe(two);
    expect(one).toMatch(/^scrypt\$1024\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  });

  test("still fits a hash of an older cost", async () => {
    const hash = await passwords.hash("correct horse");
    expect(await createPasswords({ N: 2 ** 11, r: 8, p: 1 }).fits("correct horse", hash)).toBe(true);
  });

  test("fits however its letters are composed", async () => {
    const hash = await passwords.hash("caf\u00e9 au lait");
    expect(await passwords.fits("cafe\u0301 au lait", hash)).toBe(true);
  });
});

test("checking an unknown address takes as long as a wrong password", async () => {
  const slow = createPasswords({ N: 2 ** 14, r: 8, p: 1 });
  const hash = await slow.hash("correct horse");
  const timed = async (known: string | undefined) => {
    const start = performance.now();
    await slow.fits("wrong horse", known);
    return performance.now() - start;
  };
  const best = async (known: string | undefined) =>
    Math.min(await timed(known), await timed(known), await timed(known));
  const [wrong, unknown] = [await best(hash), await best(undefined)];
  // Without the work it would be a thousandth.
  expect(unknown / wrong).toBeGreaterThan(0.2);
});
