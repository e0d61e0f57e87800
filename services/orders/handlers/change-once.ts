import type { Context } from "moleculer";
import type { Idempotency } from "../../../contracts/shapes.ts";
import type { RequestMeta } from "../../../mixins/observability/request-context.ts";
import type { Order } from "../contract.ts";
import { OrderNotFound } from "../domain/errors.ts";
import { type Cause, type Changed, type OrderRecord, toOrder } from "../domain/order-record.ts";
import { maySee } from "../domain/who-may-see.ts";
import type { OrdersDependencies } from "./dependencies.ts";
import { signedIn } from "./signed-in.ts";

/**
 * A user's change of an order that the user may see, once for each idempotency key.
 * @throws {OrderNotFound} also for somebody else's
 * @throws {IdempotencyKeyReused}
 */
export function changeOnce(
  { repository, idempotency, clock }: OrdersDependencies,
  ctx: Context<unknown, RequestMeta>,
  {
    orderId,
    reason,
    idempotency: key,
  }: { orderId: string; reason?: string | undefined; idempotency: Idempotency },
  { decide, done }: { decide: (order: OrderRecord, cause: Cause) => Changed; done: string },
): Promise<{ order: Order; replayed: boolean }> {
  const user = signedIn(ctx);

  return idempotency.once(key, {
    effect: async () => {
      const now = clock();
      const cause = { at: new Date(now).toISOString(), by: user.id, reason };
      let changedIt = false;
      const order = await repository.change(
        orderId,
        (current) => {
          if (!maySee(user, current)) throw new OrderNotFound(orderId);
          const next = decide(current, cause);
          changedIt = next.order !== current;
          return next;
        },
        { writes: [idempotency.remember(key, orderId, now)] },
      );
      // It was changed before: by the same key at the same time, maybe with another body.
      const replayed = !changedIt && (await idempotency.find(key)) !== undefined;
      ctx.service?.logger.info({ orderId, status: order.status }, done);
      return { order: toOrder(order), replayed };
    },
    replay: async () => ({ order: toOrder(await repository.get(orderId)), replayed: true }),
  });
}
