/** What `fulfilment.ship` means: the last step of the saga, one call after the other. */
import { inventory } from "../../inventory/contract.ts";
import { orders } from "../../orders/contract.ts";

type StepCall =
  | (typeof orders.calls)["claimFulfilment" | "capturePayment" | "fulfil"]
  | (typeof inventory.calls)["ship"];

export interface FulfilmentStep {
  readonly name: string;
  /** Idempotent: a command that comes again runs all steps again. */
  readonly call: StepCall;
  /** The failure by which the step says that nothing is left to do: it is no error, and no further step runs. */
  readonly nothingToDo?: string;
}

/** The steps in their order. The claim is the point of no return: what was cancelled before it stays so. */
export const fulfilment: readonly FulfilmentStep[] = [
  { name: "claim", call: orders.calls.claimFulfilment, nothingToDo: "ORDER_NOT_CLAIMABLE" },
  { name: "capture", call: orders.calls.capturePayment },
  { name: "ship", call: inventory.calls.ship },
  { name: "fulfil", call: orders.calls.fulfil },
];
