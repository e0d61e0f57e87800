/**
 * The saga of one order as one table: its steps in their order, what starts each, and what undoes it. Cancelling and
 * returning read their compensations from it, and the picture in the docs is drawn from it.
 */
import type { Call, MessageDraft, MessageType } from "../../../contracts/define-contract.ts";
import { inventory } from "../../inventory/contract.ts";
import { worker } from "../../worker/contract.ts";
import { orders } from "../contract.ts";
import type { OrderRecord } from "./order-record.ts";
import { isCaptured, mayHoldMoney } from "./payment.ts";

/** How a step is undone once it may have had its effect. */
interface Compensation {
  readonly name: string;
  /** The command that undoes it, sent when `needed`; or the events on which another service undoes it by itself. */
  readonly by:
    | { readonly command: MessageType; readonly needed: (order: OrderRecord) => boolean }
    | { readonly events: readonly MessageType[] };
}

export interface SagaStep {
  readonly name: string;
  readonly service: string;
  readonly startedBy: Call | MessageType;
  readonly undo?: Compensation;
  /** After this step nothing cancels the order but its own fulfilment failing for good. */
  readonly pointOfNoReturn?: true;
}

const { cancelled, rejected, returned } = orders.events;

export const saga = [
  { name: "place the order", service: "orders", startedBy: orders.calls.place },
  {
    name: "hold stock",
    service: "inventory",
    startedBy: orders.events.placed,
    undo: { name: "release", by: { events: [rejected, cancelled] } },
  },
  {
    name: "authorize payment",
    service: "orders",
    startedBy: inventory.events.reserved,
    undo: { name: "void", by: { command: orders.commands.voidPayment, needed: mayHoldMoney } },
  },
  {
    name: "claim",
    service: "orders",
    startedBy: worker.commands.shipFulfilment,
    pointOfNoReturn: true,
  },
  {
    name: "capture payment",
    service: "orders",
    startedBy: orders.calls.capturePayment,
    undo: { name: "refund", by: { command: orders.commands.refundPayment, needed: isCaptured } },
  },
  {
    name: "ship",
    service: "inventory",
    startedBy: inventory.calls.ship,
    undo: { name: "restock", by: { events: [cancelled, returned] } },
  },
  { name: "fulfil", service: "orders", startedBy: orders.calls.fulfil },
] as const satisfies readonly SagaStep[];

/** The commands that undo what was done, or may have been done, for an order; the last step first. */
export function compensations(order: OrderRecord): MessageDraft[] {
  return (saga as readonly SagaStep[])
    .toReversed()
    .flatMap(({ undo }) =>
      undo && "command" in undo.by && undo.by.needed(order)
        ? [{ type: undo.by.command, data: { orderId: order.id } }]
        : [],
    );
}
