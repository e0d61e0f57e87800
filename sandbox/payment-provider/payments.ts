/** All payments: kept in memory, rebuilt from the ledger, changed only together with a line of it. */
import { newId } from "../../contracts/ids.ts";
import type { Ledger } from "./ledger.ts";
import { MOVES, type Move, type Payment, paymentAfter } from "./payment-rules.ts";
import { illegalMove, keyReused, noSuchPayment } from "./problems.ts";
import type { Authorize, LedgerLine } from "./shapes.ts";

/** What a request with a key did, the first time or now again. */
export interface Effect {
  readonly line: LedgerLine;
  /** The key was known: nothing new was done. */
  readonly replayed: boolean;
}

/** `key` is the Idempotency-Key, `requestId` goes into the ledger. */
export interface Origin {
  readonly key: string;
  readonly requestId: string;
}

interface Recorded {
  readonly line: LedgerLine;
  readonly onDisk: Promise<void>;
  /** Not in the ledger: unknown for what an earlier process recorded. */
  readonly paymentMethod?: string;
}

export interface Payments {
  /** @throws {Problem} the key was used for another request */
  authorize(request: Authorize, origin: Origin): Promise<Effect>;
  /** @throws {Problem} no such payment, its status does not allow the move, or the key was used for another request */
  move(move: Move, paymentId: string, origin: Origin): Promise<Effect>;
  /** @throws {Problem} no such payment */
  get(paymentId: string): Promise<Payment>;
}

/**
 * @param lines the ledger so far
 * @param clock Unix ms
 */
export function createPayments(deps: {
  lines: readonly LedgerLine[];
  ledger: Ledger;
  clock: () => number;
}): Payments {
  const { ledger, clock } = deps;
  const byKey = new Map<string, Recorded>();
  const latest = new Map<string, Recorded>();

  const remember = (recorded: Recorded) => {
    byKey.set(recorded.line.key, recorded);
    latest.set(recorded.line.paymentId, recorded);
    return recorded;
  };
  for (const line of deps.lines) remember({ line, onDisk: Promise.resolve() });

  // Decided and remembered in one go, without a pause in which another request could decide the same;
  // answered when the line is on disk, also to those who repeat the key meanwhile.
  const record = async (line: LedgerLine, paymentMethod?: string): Promise<Effect> => {
    const onDisk = ledger.append(line);
    remember({ line, onDisk, ...(paymentMethod === undefined ? {} : { paymentMethod }) });
    await onDisk;
    return { line, replayed: false };
  };
  const replay = async ({ line, onDisk }: Recorded): Promise<Effect> => {
    await onDisk;
    return { line, replayed: true };
  };
  const latestOf = (paymentId: string): Recorded => {
    const recorded = latest.get(paymentId);
    if (!recorded) throw noSuchPayment();
    return recorded;
  };

  return {
    async authorize(request, origin) {
      const known = byKey.get(origin.key);
      if (known && !isSameAuthorization(known, request)) throw keyReused();
      if (known) return replay(known);
      const { paymentMethod, ...order } = request;
      const outcome = paymentMethod === "pm_card_declined" ? "declined" : "succeeded";
      const now = clock();
      const made = { at: at(now), kind: "authorize", paymentId: newId("pay", now) } as const;
      return record(inLedgerOrder({ ...made, ...order, ...origin, outcome }), paymentMethod);
    },

    async move(move, paymentId, origin) {
      const known = byKey.get(origin.key);
      if (known && (known.line.kind !== move || known.line.paymentId !== paymentId)) throw keyReused();
      if (known) return replay(known);
      const { line } = latestOf(paymentId);
      const { status } = paymentAfter(line);
      if (status !== MOVES[move].from) throw illegalMove(move, status);
      return record(inLedgerOrder({ ...line, ...origin, at: at(clock()), kind: move, outcome: "succeeded" }));
    },

    async get(paymentId) {
      const { line, onDisk } = latestOf(paymentId);
      await onDisk;
      return paymentAfter(line);
    },
  };
}

function isSameAuthorization({ line, paymentMethod }: Recorded, request: Authorize): boolean {
  const outcome = request.paymentMethod === "pm_card_declined" ? "declined" : "succeeded";
  return (
    line.kind === "authorize" &&
    line.orderId === request.orderId &&
    line.amount === request.amount &&
    line.currency === request.currency &&
    line.outcome === outcome &&
    (paymentMethod ?? request.paymentMethod) === request.paymentMethod
  );
}

const at = (nowMs: number) => new Date(nowMs).toISOString();

function inLedgerOrder(line: LedgerLine): LedgerLine {
  const { at, kind, key, paymentId, orderId, amount, currency, outcome, requestId } = line;
  return { at, kind, key, paymentId, orderId, amount, currency, outcome, requestId };
}
