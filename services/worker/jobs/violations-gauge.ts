/** The metric of the invariant monitor. Only the node that leads the jobs tells it. */
import type { ServiceBroker } from "moleculer";
import { type CheckName, checkNames } from "../domain/checks.ts";

const NAME = "orders_invariant_violations";

export function registerViolations({ metrics }: ServiceBroker): void {
  metrics.register({
    name: NAME,
    type: "gauge",
    labelNames: ["check"],
    description: "Violations that the invariant monitor has found, by check.",
  });
}

export function countViolations({ metrics }: ServiceBroker, check: CheckName, found: number): void {
  metrics.set(NAME, found, { check });
}

/** What this node has found is for the node that leads now to say. */
export function forgetViolations(broker: ServiceBroker): void {
  for (const check of checkNames) countViolations(broker, check, 0);
}
