import type { Handler } from "../../../../mixins/calls.ts";
import type { accounts as contract } from "../../contract.ts";
import { publicUser } from "../../domain/account.ts";
import type { AccountsDependencies } from "../dependencies.ts";

/** One user. @throws {UserNotFound} */
export function getUser({ accounts }: AccountsDependencies): Handler<typeof contract.calls.getUser> {
  return async ({ userId }) => publicUser(await accounts.get(userId));
}
