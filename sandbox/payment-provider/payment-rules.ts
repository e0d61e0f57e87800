/** Pure rules: what each kind of effect makes of a payment, and from which status it is allowed. */
import type { LedgerLine } from "./shapes.ts";

export type PaymentStatus = "authorized" | "declined" | "captured" | "voided" | "refunded";
export type Move = Exclude<LedgerLine["kind"], "authorize">;

/** A payment as clients see it; `amount` is in minor units. */
export interface Payment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: PaymentStatus;
  /** Why it was declined. */
  readonly reason?: string;
}

/** Each move is legal from one status only, so no payment moves twice the same way. */
export const MOVES: Readonly<Record<Move, { from: PaymentStatus; to: PaymentStatus }>> = {
  capture: { from: "authorized", to: "captured" },
  void: { from: "authorized", to: "voided" },
  refund: { from: "captured", to: "refunded" },
};

/** The payment right after the effect that this line records: also the answer of the request that caused it. */
export function paymentAfter(line: LedgerLine): Payment {
  const { paymentId, orderId, amount, currency } = line;
  const payment = { paymentId, orderId, amount, currency };
  if (line.outcome === "declined") return { ...payment, status: "declined", reason: "card_declined" };
  return { ...payment, status: line.kind === "authorize" ? "authorized" : MOVES[line.kind].to };
}
