/** The accounts service on a real store, in a broker of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import type { Call, ParamsOf, ResultOf } from "../../../contracts/define-contract.ts";
import { callService } from "../../../mixins/calls.ts";
import { requestContextMiddleware } from "../../../mixins/observability/request-context.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { accountsCollections, createAccountsService } from "../../../services/accounts/accounts.service.ts";
import type { FirstAdmin } from "../../../services/accounts/handlers/start/create-first-admin.ts";
import { createAccounts } from "../../../services/accounts/repositories/accounts.ts";
import { createSigningKeys } from "../../../services/accounts/repositories/signing-keys.ts";
import { createAccessTokens } from "../../../services/accounts/security/access-tokens.ts";
import { createPasswords } from "../../../services/accounts/security/passwords.ts";

/** Hashes that take a few milliseconds instead of a hundred. */
export const cheapPasswords = () => createPasswords({ N: 2 ** 10, r: 8, p: 1 });

export function tempFolder() {
  const path = mkdtempSync(join(tmpdir(), "orders-accounts-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export type AccountsNode = Awaited<ReturnType<typeof startAccounts>>;

/** @param folder of the store; two nodes on one folder share it */
export async function startAccounts({
  folder,
  clock = Date.now,
  firstAdmin = { email: "admin@example.com", password: undefined },
}: {
  folder: string;
  clock?: () => number;
  firstAdmin?: FirstAdmin;
}) {
  const store = createSqliteStore({
    file: join(folder, "accounts.sqlite"),
    collections: accountsCollections,
  });
  const accounts = createAccounts({ store });
  const broker = new ServiceBroker({ logger: false, middlewares: [requestContextMiddleware()] });
  broker.createService(
    createAccountsService({
      store,
      accounts,
      passwords: cheapPasswords(),
      tokens: createAccessTokens({ keys: createSigningKeys({ store }), clock }),
      clock,
      firstAdmin,
    }),
  );
  await broker.start();
  return {
    accounts,
    store,
    call: <C extends Call>(call: C, params: ParamsOf<C>): Promise<ResultOf<C>> =>
      callService(broker, call, params),
    stop: () => broker.stop(),
  };
}
