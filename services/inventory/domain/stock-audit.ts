/** What can be wrong with a stock level. */
import type { StockLevel } from "./stock.ts";

/** A stock level, and what it should be by everything else that is known. */
export interface AuditedStock {
  readonly level: StockLevel;
  /** The sum of all movements. */
  readonly ledger: Pick<StockLevel, "onHand" | "reserved">;
  /** The units of all held reservations; undefined when there are too many to count. */
  readonly held: number | undefined;
}

/**
 * Everything that is wrong, as sentences. They name differences, not levels: the same fault reads the same although
 * units come and go meanwhile.
 */
export function stockFaults({ level, ledger, held = ledger.reserved }: AuditedStock): string[] {
  return [
    ...difference("onHand", level.onHand - ledger.onHand, "the sum of its movements"),
    ...difference("reserved", level.reserved - ledger.reserved, "the sum of its movements"),
    ...difference("available", level.available - (level.onHand - level.reserved), "onHand less reserved"),
    ...difference("reserved", level.reserved - held, "what its held reservations take"),
    ...(level.available < 0 ? ["more was taken than there is"] : []),
  ];
}

function difference(name: string, units: number, than: string): string[] {
  if (units === 0) return [];
  return [`${name} is ${Math.abs(units)} ${units > 0 ? "more" : "less"} than ${than}`];
}
