import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import { retryOnConflict } from "../../../../mixins/persistence/retry-on-conflict.ts";
import type { orders } from "../../../orders/contract.ts";
import {
  type Claim,
  ClaimedElsewhere,
  claim,
  holds,
  markFailed,
  markSent,
  type Notification,
  notificationKey,
  release,
} from "../../domain/notification.ts";
import { type OrderNews, renderMail, type Template } from "../../domain/templates.ts";
import { type Mailer, MailRefused } from "../../providers/mailer.ts";
import type { NotificationRepository } from "../../repositories/notification-repository.ts";

export interface MailDependencies {
  readonly repository: NotificationRepository;
  readonly mailer: Pick<Mailer, "send">;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
}

/** Sends one mail for an order event: claims the mail's row, sends, records the outcome. */
export function sendMail(
  template: Template,
  { repository, mailer, clock }: MailDependencies,
): MessageHandler<(typeof orders.events)[Template]> {
  return async (message, delivery, ctx) => {
    const { id: orderId } = message.data.order;
    const row = await claimRow({
      orderId,
      template,
      claimedBy: `${ctx.broker.nodeID}:${ctx.id}`,
      requestId: ctx.requestID ?? message.id,
    });
    if (!row) return;
    const outcome = await deliver(row, message.data);
    await repository.saveOutcome(outcome, delivery);

    const details = { orderId, template, messageId: outcome.messageId, tries: outcome.tries };
    if (outcome.status === "sent") ctx.service?.logger.info(details, "mail sent");
    else ctx.service?.logger.error({ ...details, reason: outcome.reason }, "mail refused for good");
  };

  function claimRow(wanted: Omit<Claim, "nowMs">): Promise<Notification | undefined> {
    return retryOnConflict(async () => {
      const found = await repository.find(notificationKey(wanted));
      const row = claim(found, { ...wanted, nowMs: clock() });
      if (row) await repository.save(row);
      return row;
    });
  }

  async function deliver(row: Notification, news: OrderNews): Promise<Notification> {
    try {
      await send(row, news);
      return markSent(row, clock());
    } catch (error) {
      if (error instanceof MailRefused) return markFailed(row, error.message, clock());
      // Where this fails too, the claim runs out by itself.
      await repository.save(release(row, clock())).catch(() => {});
      throw error;
    }
  }

  async function send(row: Notification, news: OrderNews): Promise<void> {
    const mail = renderMail(row.template, news);
    if (!holds(row, clock())) throw new ClaimedElsewhere(row);
    await mailer.send({
      ...mail,
      messageId: row.messageId,
      headers: { "X-Order-Id": row.orderId, "X-Request-Id": row.requestId },
    });
  }
}
