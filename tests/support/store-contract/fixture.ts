import { expect } from "@jest/globals";
import { CommitConflict, type ConnectedStore, collection } from "../../../mixins/persistence/store.ts";

/** Two ways to the same data, both connected: fresh for each test. */
export interface ConnectedStores {
  store: ConnectedStore;
  /** Another process's. */
  other: ConnectedStore;
}

export type Order = {
  readonly id: string;
  readonly number?: number;
  readonly customerId?: string;
  readonly status?: string;
  readonly placedAt?: number;
  readonly note?: unknown;
  readonly version: number;
};
type Stock = { readonly sku: string; readonly onHand: number; readonly reserved?: number };

export const orders = collection<Order>({
  name: "orders",
  key: "id",
  fields: { number: "number", customerId: "text", status: "text", placedAt: "number" },
  indexes: [["customerId", "placedAt"], ["status"]],
  unique: [["number"], ["customerId", "placedAt"]],
});
export const stock = collection<Stock>({ name: "stock", key: "sku" });

export const order = (id: string, more: Partial<Order> = {}): Order => ({ id, version: 1, ...more });

/** The conflict that a commit ends in; fails when it succeeds. */
export async function conflictOf(commit: Promise<void>): Promise<CommitConflict> {
  const error = await commit.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CommitConflict);
  return error as CommitConflict;
}
