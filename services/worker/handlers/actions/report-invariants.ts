import type { Handler } from "../../../../mixins/calls.ts";
import type { worker } from "../../contract.ts";
import { checkNames, checks } from "../../domain/checks.ts";
import type { WorkerDependencies } from "../dependencies.ts";

/** What the invariant monitor checked, when, and what it found. */
export function reportInvariants({ reports }: WorkerDependencies): Handler<typeof worker.calls.invariants> {
  return async () => {
    const latest = new Map((await reports.all()).map((report) => [report.check, report]));
    return {
      items: checkNames.map((check) => {
        const { checkedAt, checked = 0, found = 0, violations = [], error } = latest.get(check) ?? {};
        return {
          check,
          rule: checks[check],
          checkedAt: checkedAt === undefined ? null : new Date(checkedAt).toISOString(),
          checked,
          found,
          violations: [...violations],
          ...(error === undefined ? {} : { error }),
        };
      }),
    };
  };
}
