import type { User } from "../../../contracts/shapes.ts";
import type { OrderRecord } from "./order-record.ts";

/** Operators and admins see all orders, customers their own. */
export function maySee(user: User, order: Pick<OrderRecord, "customerId">): boolean {
  return seesAll(user) || order.customerId === user.id;
}

export function seesAll({ roles }: Pick<User, "roles">): boolean {
  return roles.includes("operator") || roles.includes("admin");
}
