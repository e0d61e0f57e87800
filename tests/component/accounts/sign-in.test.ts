import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { accessTokens, accounts } from "../../../services/accounts/contract.ts";
import { type AccountsNode, startAccounts, tempFolder } from "./accounts-fixture.ts";

const { register, login, getUser, publicKeys } = accounts.calls;
const ada = { email: "Ada@Example.com", password: "correct horse", name: "Ada" };

const folder = tempFolder();
let node: AccountsNode;
beforeAll(async () => {
  node = await startAccounts({ folder: folder.path });
  await node.call(register, ada);
});
afterAll(async () => {
  await node.stop();
  folder.remove();
});

describe("registering", () => {
  test("opens a customer's account", async () => {
    const user = await node.call(register, { email: "bob@example.com", password: "12345678", name: " Bob " });
    expect(user).toEqual({
      id: expect.stringMatching(/^usr_[0-9a-f]{32}$/),
      email: "bob@example.com",
      name: "Bob",
      roles: ["customer"],
    });
    expect(await node.call(getUser, { userId: user.id })).toEqual(user);
  });

  test.each(["Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM"])(
    "refuses %s when the address is taken in any case",
    async (email) => {
      await expect(node.call(register, { ...ada, email })).rejects.toMatchObject({ type: "EMAIL_TAKEN" });
    },
  );

  test("lets exactly one of two racing registrations of an address win", async () => {
    const race = await Promise.allSettled(
      ["race@example.com", "Race@example.com"].map((email) => node.call(register, { ...ada, email })),
    );
    expect(race.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test.each([
    ["a short password", { password: "1234567" }],
    ["a long password", { password: "x".repeat(129) }],
    ["no address", { email: "ada" }],
    ["an empty name", { name: "  " }],
    ["a name of two lines", { name: "Ada\nLovelace" }],
    ["a name with a bell", { name: "Ada\u0007" }],
    ["a role", { roles: ["admin"] }],
  ])("refuses %s", async (_, wrong) => {
    await expect(node.call(register, { ...ada, email: "new@example.com", ...wrong })).rejects.toMatchObject({
      type: "INVALID_SHAPE",
    });
  });

  test("keeps no password in the store", () => {
    const files = ["accounts.sqlite", "accounts.sqlite-wal"].map((name) =>
      readFileSync(join(folder.path, name)),
    );
    expect(Buffer.concat(files).includes(ada.password)).toBe(false);
  });
});

describe("logging in", () => {
  test("gives a token that anybody with the public keys can verify", async () => {
    const session = await node.call(login, { email: ada.email, password: ada.password });
    expect(session).toMatchObject({ tokenType: "Bearer", expiresIn: 3600, user: { name: "Ada" } });
    const keys = createLocalJWKSet((await node.call(publicKeys, {})) as JSONWebKeySet);
    const { payload } = await jwtVerify(session.accessToken, keys, {
      issuer: accessTokens.issuer,
      audience: accessTokens.audience,
    });
    expect(payload).toMatchObject({
      sub: session.user.id,
      email: ada.email,
      name: "Ada",
      roles: ["customer"],
      jti: expect.any(String),
    });
    expect((payload.exp as number) - (payload.iat as number)).toBe(session.expiresIn);
  });

  test("compares addresses without case", async () => {
    const { user } = await node.call(login, { email: "aDA@eXAMPLE.com", password: ada.password });
    expect(user.email).toBe(ada.email);
  });

  test("gives each token an id of its own", async () => {
    const [one, two] = await Promise.all([node.call(login, credentials()), node.call(login, credentials())]);
    expect(decodeJwt(one.accessToken).jti).not.toBe(decodeJwt(two.accessToken).jti);
  });

  test("refuses a wrong password and an unknown address in the same way", async () => {
    const [wrong, unknown] = await Promise.allSettled([
      node.call(login, { email: ada.email, password: "wrong password" }),
      node.call(login, { email: "nobody@example.com", password: ada.password }),
    ]);
    expect(wrong).toMatchObject({ status: "rejected", reason: { type: "BAD_CREDENTIALS" } });
    expect((unknown as PromiseRejectedResult).reason.message).toBe(
      (wrong as PromiseRejectedResult).reason.message,
    );
    expect((unknown as PromiseRejectedResult).reason.data).toEqual(
      (wrong as PromiseRejectedResult).reason.data,
    );
  });
});

describe("the public keys", () => {
  test("hold nothing of the private key", async () => {
    const { keys } = await node.call(publicKeys, {});
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] as object).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  });
});

test("an unknown user is not found", async () => {
  await expect(node.call(getUser, { userId: `usr_${"0".repeat(32)}` })).rejects.toMatchObject({
    type: "USER_NOT_FOUND",
  });
});

test("a token names the key that signed it", async () => {
  const { accessToken } = await node.call(login, credentials());
  const { keys } = await node.call(publicKeys, {});
  expect(decodeProtectedHeader(accessToken)).toEqual({ alg: "ES256", typ: "JWT", kid: keys[0]?.kid });
});

function credentials() {
  return { email: ada.email, password: ada.password };
}
