import type { Handler } from "../../../../mixins/calls.ts";
import type { accounts as contract } from "../../contract.ts";
import type { AccountsDependencies } from "../dependencies.ts";

/** The public keys that access tokens are signed with. */
export function publicKeys({ tokens }: AccountsDependencies): Handler<typeof contract.calls.publicKeys> {
  return async () => ({ keys: await tokens.publicKeys() });
}
