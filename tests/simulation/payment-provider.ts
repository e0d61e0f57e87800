/** A payment provider with a ledger of its own. It honours keys: one key, one effect; the same key, the same answer. */
import type { Money } from "../../contracts/shapes.ts";
import {
  type Authorization,
  PaymentOutcomeUnknown,
  type PaymentProvider,
  PaymentRefused,
} from "../../services/orders/providers/payment-provider.ts";
import { ask, type Process, type World } from "./world.ts";

/** Longer than two tries of the real client. */
const TIMEOUT_MS = 4_200;

/** How a payment goes, by the customer's means of payment. */
export const paymentMethods = {
  ok: "pm_card_ok",
  declined: "pm_card_declined",
  /** The first authorization succeeds and is never answered. */
  timeout: "pm_card_timeout",
  /** Refused at once and for good. */
  refused: "pm_card_unknown",
  /** Authorized, but its capture is refused for good. */
  captureRefused: "pm_card_capture_refused",
} as const;

export interface LedgerLine {
  readonly kind: "authorize" | "capture" | "void" | "refund";
  readonly key: string;
  readonly orderId: string;
  readonly paymentId: string;
  readonly outcome: "succeeded" | "declined";
  readonly amount: Money;
}

interface Payment {
  status: "authorized" | "declined" | "captured" | "voided" | "refunded";
  readonly method: string;
  readonly authorized: LedgerLine;
}

const moves = {
  capture: { from: "authorized", to: "captured" },
  void: { from: "authorized", to: "voided" },
  refund: { from: "captured", to: "refunded" },
} as const;

export function createSimulatedProvider(world: World) {
  const ledger: LedgerLine[] = [];
  const byKey = new Map<string, LedgerLine>();
  const payments = new Map<string, Payment>();
  const never = new Promise<never>(() => {});

  function record(line: LedgerLine): void {
    ledger.push(line);
    byKey.set(line.key, line);
    world.trace?.("provider", `${line.kind} ${line.orderId}`, line.outcome);
  }

  function authorize({
    key,
    orderId,
    amount,
    paymentMethod: method,
  }: Parameters<PaymentProvider["authorize"]>[0]): Authorization | Promise<never> {
    if (method === paymentMethods.refused) throw new PaymentRefused("The means of payment is unknown");
    const known = byKey.get(key);
    if (known) return authorization(known);
    const paymentId = `pay-${payments.size + 1}`;
    const outcome = method === paymentMethods.declined ? "declined" : "succeeded";
    const line: LedgerLine = { kind: "authorize", key, orderId, paymentId, outcome, amount };
    payments.set(paymentId, {
      status: outcome === "declined" ? "declined" : "authorized",
      method,
      authorized: line,
    });
    record(line);
    return method === paymentMethods.timeout ? never : authorization(line);
  }

  function move(kind: keyof typeof moves, key: string, paymentId: string): void {
    if (byKey.has(key)) return;
    const payment = payments.get(paymentId);
    if (!payment) throw new PaymentRefused("There is no such payment");
    const { from, to } = moves[kind];
    if (payment.status !== from)
      throw new PaymentRefused(`No ${kind} of a payment that is ${payment.status}`);
    if (kind === "capture" && payment.method === paymentMethods.captureRefused)
      throw new PaymentRefused("The capture is refused");
    payment.status = to;
    record({ ...payment.authorized, kind, key });
  }

  /** The provider as one process reaches it. */
  function portFor(process: Process): PaymentProvider {
    const request = <T>(kind: LedgerLine["kind"], serve: () => T | Promise<T>) =>
      ask(world, {
        process,
        what: `asks the provider to ${kind}`,
        serve,
        timeoutMs: TIMEOUT_MS,
        unknown: () => new PaymentOutcomeUnknown("The payment provider did not answer"),
        answerLost: "silent",
      });
    const mover =
      (kind: keyof typeof moves) =>
      ({ key, paymentId }: { key: string; paymentId: string }) =>
        request(kind, () => move(kind, key, paymentId));
    return {
      authorize: (wanted) => request("authorize", () => authorize(wanted)),
      capture: mover("capture"),
      void: mover("void"),
      refund: mover("refund"),
      close: () => {},
    };
  }

  return { ledger: ledger as readonly LedgerLine[], portFor };
}

function authorization({ outcome, paymentId }: LedgerLine): Authorization {
  return outcome === "declined"
    ? { outcome, paymentId, reason: "card_declined" }
    : { outcome: "authorized", paymentId };
}
