import type { ServiceBroker } from "moleculer";
import { openAccount } from "../../domain/account.ts";
import { EmailTaken } from "../../domain/errors.ts";
import type { AccountsDependencies } from "../dependencies.ts";

/** Who becomes the first admin; without a password nobody does. */
export interface FirstAdmin {
  readonly email: string;
  readonly password: string | undefined;
}

/** Creates the first admin, unless there is one. Several nodes may do so at the same time: the unique address decides. */
export async function createFirstAdmin(
  { accounts, passwords, clock }: AccountsDependencies,
  { email, password }: FirstAdmin,
  logger: ServiceBroker["logger"],
): Promise<void> {
  if (password === undefined || (await accounts.hasAdmin())) return;
  const passwordHash = await passwords.hash(password);
  const admin = openAccount({ email, name: "Admin", passwordHash, role: "admin", nowMs: clock() });
  try {
    await accounts.add(admin);
    logger.info({ userId: admin.id }, "first admin created");
  } catch (error) {
    if (!(error instanceof EmailTaken)) throw error;
    if (!(await accounts.hasAdmin()))
      logger.warn("no admin was created: ADMIN_EMAIL belongs to a user who is no admin");
  }
}
