import type { Accounts } from "../repositories/accounts.ts";
import type { AccessTokens } from "../security/access-tokens.ts";
import type { Passwords } from "../security/passwords.ts";

/** What the handlers of accounts work with. */
export interface AccountsDependencies {
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly tokens: AccessTokens;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
}
