import { Role } from "../../../contracts/shapes.ts";

/** Whether somebody with these roles may what the least role may. */
export function permits(roles: readonly Role[], least: Role): boolean {
  const ladder = Role.options;
  return roles.some((role) => ladder.indexOf(role) >= ladder.indexOf(least));
}
