/** What `fulfilment.ship` means: the last step of the saga, one call after the other, each idempotent. */
import { inventory } from "../../inventory/contract.ts";
import { orders } from "../../orders/contract.ts";

/**
 * The steps in their order; a command that comes again runs all of them again.
 * `nothingToDo`: the failure by which a step says that there is no work (any more); the rest is not run.
 */
export const fulfilment = [
  // The point of no return: whatever has been cancelled or rejected before it stays so.
  { name: "claim", call: orders.calls.claimFulfilment, nothingToDo: "ORDER_NOT_CLAIMABLE" },
  { name: "capture", call: orders.calls.capturePayment },
  { name: "ship", call: inventory.calls.ship },
  { name: "fulfil", call: orders.calls.fulfil },
] as const;
