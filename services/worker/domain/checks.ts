/** What the invariant monitor checks, each in a sentence. */
export const checks = {
  "stock-adds-up":
    "Each stock level is the sum of its movements, never less than nothing, and as much is reserved as reservations hold.",
  "payments-fit":
    "A fulfilled order is paid; a rejected, cancelled or returned one keeps no money of its customer's.",
  "no-stuck-orders": "Every order ends in time.",
} as const;

export type CheckName = keyof typeof checks;
export const checkNames = Object.keys(checks) as CheckName[];
