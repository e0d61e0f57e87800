import { newId } from "../../../contracts/ids.ts";
import { Role, type User } from "../../../contracts/shapes.ts";

/** A user with what proves who they are. */
export type Account = User & {
  /** The address as it compares; see {@link emailKey}. */
  readonly emailKey: string;
  /** Of the password; see `createPasswords`. */
  readonly passwordHash: string;
  readonly isAdmin: 0 | 1;
  readonly createdAt: string;
  readonly version: number;
};

/** Addresses compare without case. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}

/**
 * Opens an account. Its roles are the given one and all below it.
 * @param nowMs Unix time in milliseconds
 */
export function openAccount({
  email,
  name,
  passwordHash,
  role,
  nowMs,
}: {
  email: string;
  name: string;
  passwordHash: string;
  role: Role;
  nowMs: number;
}): Account {
  return {
    id: newId("usr", nowMs),
    email,
    emailKey: emailKey(email),
    name,
    roles: Role.options.slice(0, Role.options.indexOf(role) + 1),
    passwordHash,
    isAdmin: role === "admin" ? 1 : 0,
    createdAt: new Date(nowMs).toISOString(),
    version: 1,
  };
}

/** What others may know of an account. */
export function publicUser({ id, email, name, roles }: Account): User {
  return { id, email, name, roles: [...roles] };
}
