import type { Handler } from "../../../../mixins/calls.ts";
import type { inventory } from "../../contract.ts";
import { type AuditedStock, stockFaults } from "../../domain/stock-audit.ts";
import type { InventoryDependencies } from "../dependencies.ts";

/** Checks stock levels against the ledger and the reservations. A fault counts when a second look finds it again. */
export function checkStock({
  stockAudit,
  clock,
}: InventoryDependencies): Handler<typeof inventory.calls.checkStock> {
  return async (page) => {
    const { skus, nextCursor } = await stockAudit.skus(page);
    const nowMs = clock();
    const first = faultsOf(await stockAudit.read(skus, { nowMs, recount: false }));
    const suspects = [...first].filter(([, faults]) => faults.length > 0).map(([sku]) => sku);
    const second = faultsOf(await stockAudit.read(suspects, { nowMs, recount: true }));
    return {
      checked: first.size,
      busy: skus.length - first.size,
      faults: suspects.flatMap((sku) =>
        (second.get(sku) ?? [])
          .filter((problem) => first.get(sku)?.includes(problem))
          .map((problem) => ({ sku, problem })),
      ),
      nextCursor,
    };
  };
}

function faultsOf(stock: ReadonlyMap<string, AuditedStock>): Map<string, string[]> {
  return new Map([...stock].map(([sku, audited]) => [sku, stockFaults(audited)]));
}
