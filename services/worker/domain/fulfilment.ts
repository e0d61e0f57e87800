/** What `fulfilment.ship` means: the last step of the saga, one call after the other. */
import type { ParamsOf } from "../../../contracts/define-contract.ts";
import { inventory } from "../../inventory/contract.ts";
import { orders } from "../../orders/contract.ts";

type StepCall =
  | (typeof orders.calls)["claimFulfilment" | "capturePayment" | "fulfil"]
  | (typeof inventory.calls)["ship"];

type FailureReason = ParamsOf<typeof orders.calls.failFulfilment>["reason"];

export interface FulfilmentStep {
  readonly name: string;
  /** Idempotent: a command that comes again runs all steps again. */
  readonly call: StepCall;
  /** The failure by which the step says that nothing is left to do: it is no error, and no further step runs. */
  readonly nothingToDo?: string;
  /**
   * Why the order is cancelled when the step fails for good in any other way. Only steps past the point of no return
   * have it: before, the order is not the worker's to cancel.
   */
  readonly failsAs?: FailureReason;
}

/** The steps in their order. The claim is the point of no return: what was cancelled before it stays so. */
export const fulfilment: readonly FulfilmentStep[] = [
  { name: "claim", call: orders.calls.claimFulfilment, nothingToDo: "ORDER_NOT_CLAIMABLE" },
  { name: "capture", call: orders.calls.capturePayment, failsAs: "payment_failed" },
  { name: "ship", call: inventory.calls.ship, failsAs: "shipment_failed" },
  // Another delivery of the same command has cancelled the order, or it was fulfilled and has come back already.
  {
    name: "fulfil",
    call: orders.calls.fulfil,
    nothingToDo: "ILLEGAL_TRANSITION",
    failsAs: "payment_failed",
  },
];

/** The failure by which `orders.failFulfilment` says that another delivery of the command was faster, and fulfilled. */
export const FULFILLED_MEANWHILE = "ILLEGAL_TRANSITION";
