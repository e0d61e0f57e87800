import { describe, expect, test } from "@jest/globals";
import { type Context, Errors } from "moleculer";
import { newId } from "../../../contracts/ids.ts";
import { createMessage, type Message } from "../../../mixins/messaging/message.ts";
import { createDelivery } from "../../../mixins/messaging/outbox.ts";
import type { RequestMeta } from "../../../mixins/observability/request-context.ts";
import { worker } from "../../../services/worker/contract.ts";
import { shipFulfilment } from "../../../services/worker/handlers/commands/ship-fulfilment.ts";

const orderId = newId("ord", 1);
const STEPS = ["orders.claimFulfilment", "orders.capturePayment", "inventory.ship", "orders.fulfil"];

const refused = (code: string) => new Errors.MoleculerClientError("refused", 422, code);
const timedOut = new Errors.RequestTimeoutError({ action: "any", nodeID: "any" });
const away = new Errors.ServiceNotFoundError({ action: "any" });

/** Handles one command among services that answer with these failures; tells what was called and what was thrown. */
async function handle(failures: Readonly<Record<string, Error>>) {
  const called: string[] = [];
  const call = async (action: string) => {
    called.push(action);
    const failure = failures[action];
    if (failure) throw failure;
  };
  const { message } = createMessage(worker.commands.shipFulfilment, {
    subject: orderId,
    version: 1,
    data: { orderId },
    nowMs: 1,
  });
  const delivery = createDelivery({ consumer: "worker--fulfilment-ship", message, tries: 1 }, 1);
  const ctx = { call } as unknown as Context<unknown, RequestMeta>;
  const thrown: unknown = await shipFulfilment()(
    message as Message<typeof worker.commands.shipFulfilment>,
    delivery,
    ctx,
  ).catch((error) => error);
  return { called, thrown };
}

describe.each(STEPS)("%s", (step) => {
  const upToHere = STEPS.slice(0, STEPS.indexOf(step) + 1);

  test.each([
    ["times out", timedOut],
    ["is away", away],
    ["breaks", new Error("store busy")],
  ])("that %s leaves the order as it is, and the command is tried again", async (_how, failure) => {
    expect(await handle({ [step]: failure })).toEqual({ called: upToHere, thrown: failure });
  });
});

describe.each(STEPS.slice(1))("%s, past the point of no return,", (step) => {
  const upToHere = STEPS.slice(0, STEPS.indexOf(step) + 1);
  const failed = refused("ANY_RULE");

  test("that fails for good ends the order and the command", async () => {
    const { called, thrown } = await handle({ [step]: failed });
    expect(called).toEqual([...upToHere, "orders.failFulfilment"]);
    expect(thrown).toBeUndefined();
  });

  test("that fails for good where the order is fulfilled already ends the command", async () => {
    const { thrown } = await handle({
      [step]: failed,
      "orders.failFulfilment": refused("ILLEGAL_TRANSITION"),
    });
    expect(thrown).toBeUndefined();
  });

  test.each([
    ["for now", timedOut],
    ["for good", refused("ORDER_NOT_CLAIMED")],
  ])("that fails for good while the order's end fails %s is tried again", async (_how, failure) => {
    const { thrown } = await handle({ [step]: failed, "orders.failFulfilment": failure });
    expect(thrown).toBe(failure);
  });
});

test("An order that can not be claimed is not touched", async () => {
  expect(await handle({ "orders.claimFulfilment": refused("ORDER_NOT_CLAIMABLE") })).toEqual({
    called: ["orders.claimFulfilment"],
    thrown: undefined,
  });
});

test("An order that is unknown is not cancelled: the command fails by itself", async () => {
  const unknown = refused("ORDER_NOT_FOUND");
  expect(await handle({ "orders.claimFulfilment": unknown })).toEqual({
    called: ["orders.claimFulfilment"],
    thrown: unknown,
  });
});
