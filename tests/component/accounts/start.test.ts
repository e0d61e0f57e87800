import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { accounts } from "../../../services/accounts/contract.ts";
import { accountRows } from "../../../services/accounts/repositories/accounts.ts";
import { type AccountsNode, startAccounts, tempFolder } from "./accounts-fixture.ts";

const { register, login, publicKeys } = accounts.calls;
const firstAdmin = { email: "Boss@example.com", password: "a good password" };

let folder: ReturnType<typeof tempFolder>;
let nodes: AccountsNode[];
beforeEach(() => {
  folder = tempFolder();
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  folder.remove();
});

async function start(options: Partial<Parameters<typeof startAccounts>[0]> = {}): Promise<AccountsNode> {
  const node = await startAccounts({ folder: folder.path, ...options });
  nodes.push(node);
  return node;
}

describe("the first admin", () => {
  test("is created at the first start and may all that others may", async () => {
    const node = await start({ firstAdmin });
    const { user } = await node.call(login, { email: "boss@example.com", password: firstAdmin.password });
    expect(user.roles).toEqual(["customer", "operator", "admin"]);
  });

  test("is created once by two nodes that start together", async () => {
    const [node] = await Promise.all([start({ firstAdmin }), start({ firstAdmin })]);
    expect(await node.store.count(accountRows)).toBe(1);
  });

  test("stays as it is at a later start with another password", async () => {
    await (await start({ firstAdmin })).stop();
    const node = await start({ firstAdmin: { email: "other@example.com", password: "another one" } });
    expect(await node.store.count(accountRows)).toBe(1);
    await expect(node.call(login, firstAdmin)).resolves.toMatchObject({ tokenType: "Bearer" });
  });

  test("is not created without a password", async () => {
    const node = await start({ firstAdmin: { email: firstAdmin.email, password: undefined } });
    expect(await node.store.count(accountRows)).toBe(0);
  });

  test("takes over nobody's account", async () => {
    const customer = { email: "boss@example.com", password: "the customer's", name: "Customer" };
    const before = await start();
    const { id } = await before.call(register, customer);
    await before.stop();
    const node = await start({ firstAdmin });
    await expect(node.call(login, firstAdmin)).rejects.toMatchObject({ type: "BAD_CREDENTIALS" });
    expect(await node.accounts.get(id)).toMatchObject({ roles: ["customer"] });
  });
});

describe("the signing key", () => {
  test("is the same for two nodes that start together on an empty store", async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect(await one.call(publicKeys, {})).toEqual(await two.call(publicKeys, {}));
  });

  test("survives a restart", async () => {
    const before = await start();
    const keys = await before.call(publicKeys, {});
    await before.stop();
    expect(await (await start()).call(publicKeys, {})).toEqual(keys);
  });
});
