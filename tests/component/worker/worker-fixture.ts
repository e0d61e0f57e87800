import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { newId } from "../../../contracts/ids.ts";
import { answerCalls } from "../../../mixins/calls.ts";
import { domainErrors } from "../../../mixins/domain-errors.ts";
import { createMessage } from "../../../mixins/messaging/message.ts";
import { brokerOptions } from "../../../moleculer.config.ts";
import { inventory, type Reservation } from "../../../services/inventory/contract.ts";
import { orders } from "../../../services/orders/contract.ts";
import { worker } from "../../../services/worker/contract.ts";
import createWorker from "../../../services/worker/worker.service.ts";
import { readSettings, type Settings } from "../../../settings.ts";
import { anOrder } from "../../support/orders-mother.ts";

/** A call that the worker has placed. */
export interface PlacedCall {
  readonly call: "claim" | "capture" | "ship" | "fulfil" | "fail";
  readonly orderId: string;
  readonly requestId: string;
  /** Why the fulfilment failed, of a `fail` alone. */
  readonly reason?: string | undefined;
}

/** Answers for a call, before the double says that it is done; what it throws is the call's failure. */
export type OnCall = (call: PlacedCall) => void | Promise<void>;

export function settingsFor(natsUrl: string): Settings {
  const folder = mkdtempSync(join(tmpdir(), "orders-worker-"));
  return readSettings({ NATS_URL: natsUrl, DATA_DIR: folder, LOG_LEVEL: "fatal", NODE_ENV: "test" });
}

/** A node with the real worker on its own store. */
export async function startWorker(settings: Settings) {
  const broker = new ServiceBroker(brokerOptions(settings, "worker-1"));
  broker.createService(createWorker(settings));
  await broker.start();
  return {
    async stop() {
      await broker.stop();
      rmSync(settings.DATA_DIR, { recursive: true, force: true });
    },
  };
}

/** A node with doubles of orders and inventory that answer the calls of a fulfilment over the wire. */
export async function startPeers(settings: Settings) {
  const calls: PlacedCall[] = [];
  let onCall: OnCall = () => {};

  const step =
    (call: PlacedCall["call"]) => async (orderId: string, requestId: string | null, reason?: string) => {
      const placed = { call, orderId, requestId: String(requestId), reason };
      calls.push(placed);
      await onCall(placed);
    };
  const order = (call: PlacedCall["call"]) => {
    const done = step(call);
    return async (
      { orderId, reason }: { orderId: string; reason?: string },
      { requestID }: { requestID: string | null },
    ) => {
      await done(orderId, requestID, reason);
      return anOrder({ id: orderId, status: "confirmed" });
    };
  };
  const ship = step("ship");

  const { claimFulfilment, capturePayment, fulfil, failFulfilment } = orders.calls;
  const doubles: ServiceSchema[] = [
    {
      name: orders.service,
      mixins: [domainErrors()],
      actions: answerCalls(
        { claimFulfilment, capturePayment, fulfil, failFulfilment },
        {
          claimFulfilment: order("claim"),
          capturePayment: order("capture"),
          fulfil: order("fulfil"),
          failFulfilment: order("fail"),
        },
      ),
    },
    {
      name: inventory.service,
      mixins: [domainErrors()],
      actions: answerCalls(
        { ship: inventory.calls.ship },
        {
          ship: async ({ orderId }, { requestID }) => {
            await ship(orderId, requestID);
            return shipped(orderId);
          },
        },
      ),
    },
  ];
  const broker = new ServiceBroker(brokerOptions(settings, "peers-1"));
  for (const double of doubles) broker.createService(double);
  await broker.start();

  return {
    /** What the worker did for one order, in its order. */
    stepsFor: (orderId: string) =>
      calls.filter((placed) => placed.orderId === orderId).map(({ call }) => call),
    calls: calls as readonly PlacedCall[],
    answerWith(answer: OnCall) {
      onCall = answer;
    },
    stop: () => broker.stop(),
  };
}

/** The command that asks for the fulfilment of one order. */
export function shipCommand(orderId: string = newId("ord", Date.now())) {
  return createMessage(worker.commands.shipFulfilment, {
    subject: orderId,
    version: 1,
    data: { orderId },
    nowMs: Date.now(),
  });
}

function shipped(orderId: string): Reservation {
  return {
    id: newId("rsv", Date.now()),
    orderId,
    status: "shipped",
    lines: [{ sku: "TEA-100", quantity: 2 }],
    heldUntil: new Date().toISOString(),
    version: 2,
  };
}
