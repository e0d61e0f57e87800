import type { Role } from "../../../contracts/shapes.ts";

/** A ladder: each role may all that those before it may. */
const LADDER: readonly Role[] = ["customer", "operator", "admin"];

/** Whether somebody with these roles may what the least role may. */
export function permits(roles: readonly Role[], least: Role): boolean {
  return roles.some((role) => LADDER.indexOf(role) >= LADDER.indexOf(least));
}
