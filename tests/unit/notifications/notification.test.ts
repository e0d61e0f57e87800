import { describe, expect, test } from "@jest/globals";
import {
  CLAIM_MS,
  ClaimedElsewhere,
  claim,
  holds,
  markFailed,
  markSent,
  type Notification,
  release,
} from "../../../services/notifications/domain/notification.ts";

const orderId = `ord_${"1".repeat(32)}`;
const wanted = {
  orderId,
  template: "placed",
  claimedBy: "notifications-1:a",
  requestId: "req-1",
  nowMs: 1_000,
} as const;

const claimed = () => claim(undefined, wanted) as Notification;

describe("The row of a mail", () => {
  test("begins as an intent that its first delivery has claimed", () => {
    expect(claimed()).toEqual({
      key: `${orderId}:placed:email`,
      orderId,
      template: "placed",
      channel: "email",
      status: "pending",
      claimedBy: "notifications-1:a",
      claimedUntil: 1_000 + CLAIM_MS,
      messageId: `<${orderId}.placed@moleculer-orders>`,
      tries: 1,
      requestId: "req-1",
      createdAt: 1_000,
      updatedAt: 1_000,
      version: 1,
    });
  });

  test("keeps other deliveries off while its claim is live", () => {
    const later = { ...wanted, claimedBy: "notifications-2:b", nowMs: 1_000 + CLAIM_MS - 1 };
    expect(() => claim(claimed(), later)).toThrow(ClaimedElsewhere);
  });

  test("can be claimed again under the same Message-ID once the claim has run out", () => {
    const nowMs = 1_000 + CLAIM_MS;
    const again = claim(claimed(), { ...wanted, claimedBy: "notifications-2:b", nowMs });
    expect(again).toMatchObject({
      status: "pending",
      claimedBy: "notifications-2:b",
      claimedUntil: nowMs + CLAIM_MS,
      messageId: claimed().messageId,
      tries: 2,
      version: 2,
    });
  });

  test("can be claimed again at once when its claim was given back", () => {
    const again = claim(release(claimed(), 1_500), { ...wanted, nowMs: 1_500 });
    expect(again).toMatchObject({ status: "pending", tries: 2, version: 3 });
  });

  test("is not sent again once it is sent", () => {
    const sent = markSent(claimed(), 1_500);
    expect(sent).toMatchObject({ status: "sent", updatedAt: 1_500, version: 2 });
    expect(claim(sent, { ...wanted, nowMs: 1_000_000 })).toBeUndefined();
  });

  test("is not tried again once it is refused for good", () => {
    const failed = markFailed(claimed(), "no such mailbox", 1_500);
    expect(failed).toMatchObject({ status: "failed", reason: "no such mailbox", version: 2 });
    expect(claim(failed, { ...wanted, nowMs: 1_000_000 })).toBeUndefined();
  });

  test("tells a node that was paused that its claim holds no more", () => {
    expect(holds(claimed(), 1_000 + CLAIM_MS - 1)).toBe(true);
    expect(holds(claimed(), 1_000 + CLAIM_MS)).toBe(false);
  });
});
