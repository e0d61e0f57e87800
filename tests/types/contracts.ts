/**
 * Wrong names and payloads do not compile. `tsc` proves it: a line marked `@ts-expect-error` that compiles is an error.
 */
import { answerCalls, type Caller, callService, type Handler } from "../../mixins/calls.ts";
import { on } from "../../mixins/messaging/durable-messages.ts";
import { createMessage } from "../../mixins/messaging/message.ts";
import { inventory } from "../../services/inventory/contract.ts";
import { orders } from "../../services/orders/contract.ts";
import { worker } from "../../services/worker/contract.ts";

declare const caller: Caller;
declare const getOrder: Handler<typeof orders.calls.get>;
const orderId = "ord_0";

export async function calls() {
  const order = await callService(caller, orders.calls.get, { orderId });
  order.status satisfies string;

  // @ts-expect-error there is no such call
  await callService(caller, orders.calls.obtain, { orderId });
  // @ts-expect-error a parameter is missing
  await callService(caller, orders.calls.get, {});
  // @ts-expect-error a parameter has the wrong type
  await callService(caller, orders.calls.get, { orderId: 7 });
  // @ts-expect-error a parameter is not in the contract
  await callService(caller, orders.calls.get, { orderId, color: "red" });
  // @ts-expect-error the answer has no such field
  order.colour;
}

export function services() {
  const { get } = orders.calls;
  answerCalls({ get }, { get: getOrder });

  // @ts-expect-error a call of the contract has no handler
  answerCalls({ get }, {});
  // @ts-expect-error the handler answers another call
  answerCalls({ ship: inventory.calls.ship }, { ship: getOrder });
  // @ts-expect-error the handler's answer does not fit the contract
  answerCalls({ get }, { get: async () => ({ id: orderId }) });
}

export function messages() {
  const about = { subject: orderId, version: 1, nowMs: 0 };
  createMessage(worker.commands.shipFulfilment, { ...about, data: { orderId } });

  // @ts-expect-error there is no such event
  createMessage(orders.events.shipped, { ...about, data: { orderId } });
  // @ts-expect-error the data does not fit the command
  createMessage(worker.commands.shipFulfilment, { ...about, data: { order: orderId } });

  on(inventory.events.reserved, async (message) => {
    message.data.reservationId satisfies string;
    // @ts-expect-error the event carries no such field
    message.data.total;
  });
}
