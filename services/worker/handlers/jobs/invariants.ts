import type { Context } from "moleculer";
import type { ResultOf } from "../../../../contracts/define-contract.ts";
import { callService } from "../../../../mixins/calls.ts";
import { inventory } from "../../../inventory/contract.ts";
import { orders } from "../../../orders/contract.ts";
import type { CheckName } from "../../domain/checks.ts";
import { JobIncomplete, type RunJob } from "../../jobs/job.ts";
import { countViolations } from "../../jobs/violations-gauge.ts";
import type { InvariantReports } from "../../repositories/invariant-reports.ts";

const PAGE = 100;
const PAYMENT_GRACE_SECONDS = 60;
/** On top of the hold. */
const STUCK_AFTER_SECONDS = 60;
const VIOLATIONS_KEPT = 100;

interface Finding {
  readonly subject: string;
  readonly problem: string;
}

/** What a service says about some checks. */
type Audit = Partial<Record<CheckName, { checked: number; violations: Finding[] }>>;

interface Auditor {
  readonly checks: readonly CheckName[];
  readonly audit: (ctx: Context, signal: AbortSignal) => Promise<Audit>;
}

/**
 * Checks what must always hold, by asking the services that own it; keeps what was found, counts it in a metric and
 * logs it as an error.
 */
export function invariants({
  reports,
  clock,
  holdSeconds,
}: {
  reports: InvariantReports;
  clock: () => number;
  holdSeconds: number;
}): RunJob {
  const auditors: readonly Auditor[] = [
    { checks: ["stock-adds-up"], audit: auditStock },
    {
      checks: ["payments-fit", "no-stuck-orders"],
      audit: (ctx, signal) => auditOrders(ctx, signal, holdSeconds + STUCK_AFTER_SECONDS),
    },
  ];

  return async (ctx, { signal }) => {
    const did = { checked: 0, violations: 0 };
    const errors: string[] = [];
    for (const { checks, audit } of auditors) {
      try {
        const found = await audit(ctx, signal);
        for (const check of checks) {
          const { checked, violations } = found[check] ?? { checked: 0, violations: [] };
          await report(ctx, check, { checked, violations });
          did.checked += checked;
          did.violations += violations.length;
        }
      } catch (error) {
        signal.throwIfAborted();
        errors.push(`${checks.join(", ")}: ${error}`);
        for (const check of checks) await reportUnchecked(check, String(error));
      }
    }
    if (errors.length > 0) throw new JobIncomplete(`Not checked: ${errors.join("; ")}`, did);
    return did;
  };

  async function report(
    ctx: Context,
    check: CheckName,
    { checked, violations }: { checked: number; violations: readonly Finding[] },
  ): Promise<void> {
    const found = violations.length;
    countViolations(ctx.broker, check, found);
    const kept = violations.slice(0, VIOLATIONS_KEPT);
    if (found > 0)
      ctx.service?.logger.error({ check, found, violations: kept }, "an invariant does not hold");
    await reports.save({ check, checkedAt: clock(), checked, found, violations: kept });
  }

  /** What was found before is not known any more. */
  function reportUnchecked(check: CheckName, error: string): Promise<void> {
    return reports.save({ check, checkedAt: clock(), checked: 0, found: 0, violations: [], error });
  }
}

async function auditStock(ctx: Context, signal: AbortSignal): Promise<Audit> {
  const violations: Finding[] = [];
  let checked = 0;
  let cursor: string | null = null;
  do {
    signal.throwIfAborted();
    const page: ResultOf<typeof inventory.calls.checkStock> = await callService(
      ctx,
      inventory.calls.checkStock,
      { limit: PAGE, ...(cursor ? { cursor } : {}) },
    );
    checked += page.checked;
    violations.push(...page.faults.map(({ sku, problem }) => ({ subject: sku, problem })));
    cursor = page.nextCursor;
  } while (cursor);
  return { "stock-adds-up": { checked, violations } };
}

async function auditOrders(ctx: Context, signal: AbortSignal, stuckAfterSeconds: number): Promise<Audit> {
  const stuck: Finding[] = [];
  const misfits: Finding[] = [];
  let checked = 0;
  let cursor: string | null = null;
  const toFinding = ({ orderId, problem }: { orderId: string; problem: string }) => ({
    subject: orderId,
    problem,
  });
  do {
    signal.throwIfAborted();
    const page: ResultOf<typeof orders.calls.checkOrders> = await callService(ctx, orders.calls.checkOrders, {
      stuckAfterSeconds,
      paymentGraceSeconds: PAYMENT_GRACE_SECONDS,
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    });
    checked += page.checked;
    stuck.push(...page.stuck.map(toFinding));
    misfits.push(...page.misfits.map(toFinding));
    cursor = page.nextCursor;
  } while (cursor);
  return {
    "payments-fit": { checked, violations: misfits },
    "no-stuck-orders": { checked, violations: stuck },
  };
}
