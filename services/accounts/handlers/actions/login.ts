import type { Handler } from "../../../../mixins/calls.ts";
import type { accounts as contract } from "../../contract.ts";
import { publicUser } from "../../domain/account.ts";
import { BadCredentials } from "../../domain/errors.ts";
import type { AccountsDependencies } from "../dependencies.ts";

/** Trades an address and a password for an access token. @throws {BadCredentials} */
export function login({
  accounts,
  passwords,
  tokens,
}: AccountsDependencies): Handler<typeof contract.calls.login> {
  return async ({ email, password }, ctx) => {
    const account = await accounts.findByEmail(email);
    const fits = await passwords.fits(password, account?.passwordHash);
    if (!account || !fits) throw new BadCredentials();
    const user = publicUser(account);
    const { token, expiresIn } = await tokens.sign(user);
    ctx.service?.logger.info({ userId: user.id }, "user logged in");
    return { accessToken: token, tokenType: "Bearer", expiresIn, user };
  };
}
