import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import type { Role } from "../../../contracts/shapes.ts";
import { accessTokens } from "../../../services/accounts/contract.ts";
import { createAccessTokens } from "../../../services/accounts/security/access-tokens.ts";
import { type GatewayFixture, memoryKeys, openGateway, userWith } from "./gateway-fixture.ts";

let gateway: GatewayFixture;
let now: number;
const start = async (options: Parameters<typeof openGateway>[0] = {}) => {
  gateway = await openGateway({ clock: () => now, ...options });
  gateway.stubs.orders.list = async () => ({ items: [], nextCursor: null });
  gateway.stubs.inventory.listMovements = async () => ({ items: [], nextCursor: null });
};
beforeEach(() => {
  now = Date.now();
});
afterEach(() => gateway.stop());

const orders = (authorization?: string) =>
  gateway.send("GET", "/v1/orders", { headers: authorization === undefined ? {} : { authorization } });
const keyCalls = () => gateway.calls.filter(({ action }) => action === "accounts.publicKeys").length;

describe("a request", () => {
  beforeEach(() => start());

  test("without a token is asked to sign in", async () => {
    const answer = await orders();
    expect([answer.status, answer.body.type]).toEqual([401, "/problems/unauthenticated"]);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="moleculer-orders"');
  });

  test("with a good token is served as its user", async () => {
    const { user, authorization } = await gateway.signIn();
    expect((await orders(authorization)).status).toBe(200);
    expect(gateway.calls.at(-1)?.user).toEqual(user);
  });

  test("may spell the scheme in any case", async () => {
    const { authorization } = await gateway.signIn();
    expect((await orders(authorization.replace("Bearer", "bearer"))).status).toBe(200);
  });

  test.each([
    "",
    "Bearer",
    "Bearer ",
    "Bearer a b",
    "Bearer nonsense",
    "Bearer a.b.c",
    "Basic YTpi",
    "Bearer \u00e9",
  ])("with %j instead of a token is refused", async (authorization) => {
    const answer = await orders(authorization);
    expect([answer.status, answer.body.type]).toEqual([401, "/problems/invalid-token"]);
    expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
  });

  test("is refused before its body is looked at", async () => {
    const answer = await gateway.send("POST", "/v1/orders", { body: "{" });
    expect(answer.status).toBe(401);
  });
});

describe("a token", () => {
  beforeEach(() => start());

  test("is good until it expires, also when it was verified before", async () => {
    const { authorization } = await gateway.signIn();
    expect((await orders(authorization)).status).toBe(200);
    now += (accessTokens.lifetimeSeconds - 1) * 1_000;
    expect((await orders(authorization)).status).toBe(200);
    now += 1_000;
    expect((await orders(authorization)).status).toBe(401);
  });

  test("with another signature is refused", async () => {
    const { authorization } = await gateway.signIn();
    expect((await orders(authorization)).status).toBe(200);
    const tampered = authorization.replace(/.(?=.{10}$)/, (char) => (char === "A" ? "B" : "A"));
    expect((await orders(tampered)).status).toBe(401);
  });

  test("that somebody else signed in the name of our key is refused", async () => {
    const [ours] = await gateway.tokens.publicKeys();
    const { privateKey } = await generateKeyPair(accessTokens.algorithm);
    const forged = await signed(privateKey, { kid: ours?.kid as string });
    expect((await orders(`Bearer ${forged}`)).status).toBe(401);
  });

  test("without a signature is refused", async () => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const unsigned = `${encode({ alg: "none", kid: "x" })}.${encode({ sub: userWith("admin").id })}.`;
    expect((await orders(`Bearer ${unsigned}`)).status).toBe(401);
  });

  test("that is signed with the public key as a shared secret is refused", async () => {
    const [ours] = await gateway.tokens.publicKeys();
    const secret = new TextEncoder().encode(JSON.stringify(ours));
    const forged = await signed(secret, { kid: ours?.kid as string, alg: "HS256" });
    expect((await orders(`Bearer ${forged}`)).status).toBe(401);
  });

  test.each([
    ["another issuer", { iss: "somebody" }],
    ["another audience", { aud: "something" }],
    ["no expiry", { exp: undefined }],
    ["an unknown role", { roles: ["root"] }],
    ["no roles", { roles: [] }],
    ["a subject that is no user", { sub: "1" }],
  ])("of ours with %s is refused", async (_, claims) => {
    const pair = await generateKeyPair(accessTokens.algorithm, { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k", kty: "EC", alg: accessTokens.algorithm };
    gateway.stubs.accounts.publicKeys = async () => ({ keys: [jwk] });
    const key = await importJWK(await exportJWK(pair.privateKey), accessTokens.algorithm);
    expect((await orders(`Bearer ${await signed(key, { kid: "k" })}`)).status).toBe(200);
    expect((await orders(`Bearer ${await signed(key, { kid: "k", claims })}`)).status).toBe(401);
  });
});

describe("the roles", () => {
  beforeEach(() => start());
  const movements = (authorization: string) =>
    gateway.send("GET", "/v1/products/TEA-100/movements", { headers: { authorization } });

  test.each([
    ["customer", 403],
    ["operator", 200],
    ["admin", 200],
  ] as [Role, number][])("let %s read a stock ledger: %i", async (role, status) => {
    const { authorization } = await gateway.signIn(role);
    const answer = await movements(authorization);
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body.type).toBe("/problems/forbidden");
  });

  test("let operators and admins all that customers may", async () => {
    for (const role of ["operator", "admin"] as const) {
      expect((await orders((await gateway.signIn(role)).authorization)).status).toBe(200);
    }
  });

  test.each([
    ["POST", "/v1/products"],
    ["PATCH", "/v1/products/TEA-100"],
    ["POST", "/v1/products/TEA-100/receipts"],
  ])("let no customer %s %s", async (method, path) => {
    const { authorization } = await gateway.signIn("customer");
    const answer = await gateway.send(method, path, { headers: { authorization }, body: "{" });
    expect(answer.status).toBe(403);
    expect(gateway.calls.filter(({ action }) => action.startsWith("inventory"))).toEqual([]);
  });
});

describe("the public keys", () => {
  test("are asked for once, for many tokens", async () => {
    await start();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => gateway.signIn()));
    const answers = await Promise.all(tokens.map(({ authorization }) => orders(authorization)));
    expect(answers.map(({ status }) => status)).toEqual(tokens.map(() => 200));
    expect(keyCalls()).toBe(1);
  });

  test("are asked for again when a token names a new one, at a bounded rate", async () => {
    await start();
    expect((await orders((await gateway.signIn()).authorization)).status).toBe(200);
    const renewed = createAccessTokens({ keys: memoryKeys(), clock: () => now });
    const { token } = await renewed.sign(userWith("customer"));
    expect((await orders(`Bearer ${token}`)).status).toBe(401);
    expect(keyCalls()).toBe(1);

    now += 5_000;
    gateway.stubs.accounts.publicKeys = async () => ({ keys: await renewed.publicKeys() });
    expect((await orders(`Bearer ${token}`)).status).toBe(200);
    expect(keyCalls()).toBe(2);
  });

  test("that nobody can be asked for make a request unavailable, never unauthorized", async () => {
    await start({ services: ["orders"] });
    const { authorization } = await gateway.signIn();
    const answer = await orders(authorization);
    expect([answer.status, answer.body.type]).toEqual([503, "/problems/unavailable"]);
    expect(answer.headers.get("retry-after")).toBe("1");

    gateway.join("accounts");
    await gateway.broker.waitForServices("accounts");
    expect((await orders(authorization)).status).toBe(200);
  });

  test("that are known serve on while accounts is away", async () => {
    await start();
    const [before, after] = await Promise.all([gateway.signIn(), gateway.signIn()]);
    expect((await orders(before.authorization)).status).toBe(200);
    await gateway.leave("accounts");
    expect((await orders(before.authorization)).status).toBe(200);
    expect((await orders(after.authorization)).status).toBe(200);
  });
});

/** A token as accounts would sign it, with whatever is wrong about it. */
async function signed(
  key: Parameters<SignJWT["sign"]>[0],
  { kid, alg = accessTokens.algorithm, claims = {} }: { kid: string; alg?: string; claims?: object },
): Promise<string> {
  const { id, email, name, roles } = userWith("customer");
  const seconds = Math.floor(now / 1_000);
  const { issuer: iss, audience: aud } = accessTokens;
  return new SignJWT({
    ...{ sub: id, email, name, roles, iss, aud, iat: seconds, exp: seconds + 60, jti: "j" },
    ...claims,
  })
    .setProtectedHeader({ alg, kid })
    .sign(key);
}
