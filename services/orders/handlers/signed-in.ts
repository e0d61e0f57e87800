import type { Context } from "moleculer";
import type { User } from "../../../contracts/shapes.ts";
import type { RequestMeta } from "../../../mixins/observability/request-context.ts";
import { NotSignedIn } from "../domain/errors.ts";

/** The user that the gateway has verified. @throws {NotSignedIn} */
export function signedIn(ctx: Context<unknown, RequestMeta>): User {
  if (!ctx.meta.user) throw new NotSignedIn();
  return ctx.meta.user;
}
