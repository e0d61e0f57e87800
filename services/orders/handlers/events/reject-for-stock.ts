import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import type { inventory } from "../../../inventory/contract.ts";
import { rejectForStock } from "../../domain/order.ts";
import { unchanged } from "../../domain/order-record.ts";
import type { OrdersDependencies } from "../dependencies.ts";

/** On `inventory.rejected`: the stock was gone between placing and reserving. */
export function rejectOrderForStock({
  repository,
  clock,
}: OrdersDependencies): MessageHandler<typeof inventory.events.rejected> {
  return async ({ data: { orderId, shortSkus } }, delivery, ctx) => {
    const order = await repository.change(
      orderId,
      (current) =>
        current.status === "placed"
          ? rejectForStock(current, { at: new Date(clock()).toISOString(), by: "inventory" })
          : unchanged(current),
      { delivery },
    );
    ctx.service?.logger.info({ orderId, shortSkus, status: order.status }, "stock refused");
  };
}
