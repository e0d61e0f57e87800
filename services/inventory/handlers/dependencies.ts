import type { IdempotencyKeys } from "../../../mixins/idempotency/idempotency.ts";
import type { Movements } from "../repositories/movements.ts";
import type { Products } from "../repositories/products.ts";
import type { Reservations } from "../repositories/reservations.ts";
import type { StockAudit } from "../repositories/stock-audit.ts";

/** What the handlers of inventory work with. */
export interface InventoryDependencies {
  readonly products: Products;
  readonly movements: Movements;
  readonly reservations: Reservations;
  readonly stockAudit: StockAudit;
  readonly keys: IdempotencyKeys;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** How long stock is held for an order that is not paid. */
  readonly holdSeconds: number;
}
