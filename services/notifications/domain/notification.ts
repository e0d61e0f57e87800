/**
 * One row per order, template and channel: `pending` -> `sent` or `failed`. A delivery claims the row before it
 * sends, so that two deliveries at once send one mail; a claim that has run out belongs to a crashed or paused
 * node, and the mail is sent again under the same Message-ID.
 */
import { DependencyUnavailable } from "../../../mixins/errors.ts";
import type { Template } from "./templates.ts";

/** How long one delivery may take from claim to record; longer than the mailer's own time-outs. */
export const CLAIM_MS = 20_000;

export type Notification = {
  /** `<orderId>:<template>:email` */
  readonly key: string;
  readonly orderId: string;
  readonly template: Template;
  readonly channel: "email";
  readonly status: "pending" | "sent" | "failed";
  /** The delivery that may send now. */
  readonly claimedBy: string;
  /** Unix ms; from then on another delivery may send. */
  readonly claimedUntil: number;
  readonly messageId: string;
  /** How many deliveries have claimed the row. */
  readonly tries: number;
  /** Why the mail is refused for good; only with `failed`. */
  readonly reason?: string;
  /** The request that moved the order. */
  readonly requestId: string;
  /** Unix ms. */
  readonly createdAt: number;
  /** Unix ms of the last change. */
  readonly updatedAt: number;
  readonly version: number;
};

/** Another delivery is sending this mail right now, or was a moment ago: worth another look later. */
export class ClaimedElsewhere extends DependencyUnavailable {
  constructor({ key, claimedBy }: Notification) {
    super(`${key} is claimed by ${claimedBy}`);
  }
}

export interface Claim {
  readonly orderId: string;
  readonly template: Template;
  readonly claimedBy: string;
  readonly requestId: string;
  readonly nowMs: number;
}

/** The key of the one mail that an order gets for a template. */
export function notificationKey({ orderId, template }: Pick<Notification, "orderId" | "template">): string {
  return `${orderId}:${template}:email`;
}

/**
 * Claims the right to send a mail, for {@link CLAIM_MS}.
 * @param found the row, if there is one
 * @returns the row to store; undefined when the mail was sent or refused before
 * @throws {ClaimedElsewhere} another delivery's claim is still live
 */
export function claim(found: Notification | undefined, wanted: Claim): Notification | undefined {
  const { claimedBy, nowMs } = wanted;
  const row = found ?? intent(wanted);
  if (row.status !== "pending") return undefined;
  if (row.claimedUntil > nowMs) throw new ClaimedElsewhere(row);
  return change(row, { claimedBy, claimedUntil: nowMs + CLAIM_MS, tries: row.tries + 1, updatedAt: nowMs });
}

/** The server has taken the mail. */
export function markSent(row: Notification, nowMs: number): Notification {
  return change(row, { status: "sent", claimedUntil: 0, updatedAt: nowMs });
}

/** The mail is refused for good and not tried again. */
export function markFailed(row: Notification, reason: string, nowMs: number): Notification {
  return change(row, { status: "failed", reason, claimedUntil: 0, updatedAt: nowMs });
}

/** Gives the claim back after a failure that another try may mend. */
export function release(row: Notification, nowMs: number): Notification {
  return change(row, { claimedUntil: 0, updatedAt: nowMs });
}

/** Whether a claim still holds: not after the node was paused for longer. */
export function holds({ claimedUntil }: Notification, nowMs: number): boolean {
  return claimedUntil > nowMs;
}

function intent({ orderId, template, claimedBy, requestId, nowMs }: Claim): Notification {
  return {
    key: notificationKey({ orderId, template }),
    orderId,
    template,
    channel: "email",
    status: "pending",
    claimedBy,
    claimedUntil: 0,
    messageId: `<${orderId}.${template}@moleculer-orders>`,
    tries: 0,
    requestId,
    createdAt: nowMs,
    updatedAt: nowMs,
    version: 0,
  };
}

function change(row: Notification, fields: Partial<Notification>): Notification {
  return { ...row, ...fields, version: row.version + 1 };
}
