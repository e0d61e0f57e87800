import { join } from "node:path";
import type { Service, ServiceSchema } from "moleculer";
import { answerCalls } from "../../mixins/calls.ts";
import { domainErrors } from "../../mixins/domain-errors.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore } from "../../mixins/persistence/store.ts";
import { storeMixin } from "../../mixins/persistence/store-mixin.ts";
import type { Settings } from "../../settings.ts";
import { accounts } from "./contract.ts";
import { getUser } from "./handlers/actions/get-user.ts";
import { login } from "./handlers/actions/login.ts";
import { publicKeys } from "./handlers/actions/public-keys.ts";
import { register } from "./handlers/actions/register.ts";
import type { AccountsDependencies } from "./handlers/dependencies.ts";
import { createFirstAdmin, type FirstAdmin } from "./handlers/start/create-first-admin.ts";
import { accountRows, createAccounts } from "./repositories/accounts.ts";
import { createSigningKeys, signingKeyRows } from "./repositories/signing-keys.ts";
import { createAccessTokens } from "./security/access-tokens.ts";
import { createPasswords } from "./security/passwords.ts";

/** All that the store of accounts holds. */
export const accountsCollections = [accountRows, signingKeyRows];

/** The service with its real store. */
export default function (settings: Settings): ServiceSchema {
  const clock = Date.now;
  const store = createSqliteStore({
    file: join(settings.DATA_DIR, "accounts.sqlite"),
    collections: accountsCollections,
  });
  return createAccountsService({
    store,
    accounts: createAccounts({ store }),
    passwords: createPasswords(),
    tokens: createAccessTokens({ keys: createSigningKeys({ store }), clock }),
    clock,
    firstAdmin: { email: settings.ADMIN_EMAIL, password: settings.ADMIN_PASSWORD },
  });
}

/** Every call that accounts takes. */
export function createAccountsService(
  deps: AccountsDependencies & { store: ConnectedStore; firstAdmin: FirstAdmin },
): ServiceSchema {
  return {
    name: accounts.service,
    mixins: [domainErrors(), storeMixin(deps.store)],
    actions: answerCalls(accounts.calls, {
      register: register(deps),
      login: login(deps),
      getUser: getUser(deps),
      publicKeys: publicKeys(deps),
    }),
    async started(this: Service) {
      await deps.tokens.prepare();
      await createFirstAdmin(deps, deps.firstAdmin, this.logger);
    },
  } as ServiceSchema;
}
