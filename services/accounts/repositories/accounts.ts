import { CommitConflict, collection, insert, type Store } from "../../../mixins/persistence/store.ts";
import { type Account, emailKey } from "../domain/account.ts";
import { EmailTaken, UserNotFound } from "../domain/errors.ts";

export const accountRows = collection<Account>({
  name: "accounts",
  key: "id",
  fields: { emailKey: "text", isAdmin: "number" },
  indexes: [["isAdmin"]],
  unique: [["emailKey"]],
});

export type Accounts = ReturnType<typeof createAccounts>;

/** Accounts in the store. */
export function createAccounts({ store }: { store: Pick<Store, "commit" | "get" | "find" | "count"> }) {
  return {
    /** @throws {EmailTaken} */
    async add(account: Account): Promise<void> {
      try {
        await store.commit([insert(accountRows, account)]);
      } catch (error) {
        if (error instanceof CommitConflict) throw new EmailTaken();
        throw error;
      }
    },

    /** @throws {UserNotFound} */
    async get(userId: string): Promise<Account> {
      const account = await store.get(accountRows, userId);
      if (!account) throw new UserNotFound(userId);
      return account;
    },

    /** The account of an address, whatever its case. */
    async findByEmail(email: string): Promise<Account | undefined> {
      const [account] = await store.find(accountRows, { where: { emailKey: emailKey(email) }, limit: 1 });
      return account;
    },

    async hasAdmin(): Promise<boolean> {
      return (await store.count(accountRows, { where: { isAdmin: 1 } })) > 0;
    },
  };
}
