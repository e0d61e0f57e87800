import type { Handler } from "../../../../mixins/calls.ts";
import type { accounts as contract } from "../../contract.ts";
import { openAccount, publicUser } from "../../domain/account.ts";
import type { AccountsDependencies } from "../dependencies.ts";

/** Opens a customer's account. @throws {EmailTaken} */
export function register({
  accounts,
  passwords,
  clock,
}: AccountsDependencies): Handler<typeof contract.calls.register> {
  return async ({ email, name, password }, ctx) => {
    const passwordHash = await passwords.hash(password);
    const account = openAccount({ email, name, passwordHash, role: "customer", nowMs: clock() });
    await accounts.add(account);
    ctx.service?.logger.info({ userId: account.id }, "user registered");
    return publicUser(account);
  };
}
