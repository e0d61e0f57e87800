import type { Context } from "moleculer";
import { callService, isFailure } from "../../../../mixins/calls.ts";
import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import type { RequestMeta } from "../../../../mixins/observability/request-context.ts";
import type { worker } from "../../contract.ts";
import { type FulfilmentStep, fulfilment } from "../../domain/fulfilment.ts";

/** A step that takes longer is tried again with its command; each step is safe to repeat. */
const STEP_TIMEOUT_MS = 5_000;

/** Carries out `fulfilment.ship`: the steps of {@link fulfilment}, one after the other. */
export function shipFulfilment(): MessageHandler<typeof worker.commands.shipFulfilment> {
  return async (message, _delivery, ctx) => {
    const { orderId } = message.data;
    for (const step of fulfilment) {
      if (!(await run(step, orderId, ctx))) {
        ctx.service?.logger.info({ orderId, step: step.name }, "nothing left to fulfil");
        return;
      }
      ctx.service?.logger.info({ orderId, step: step.name }, "fulfilment step done");
    }
  };
}

/** Answers whether the step was done; false when it says that nothing is left to do. */
async function run(
  step: FulfilmentStep,
  orderId: string,
  ctx: Context<unknown, RequestMeta>,
): Promise<boolean> {
  try {
    await callService(ctx, step.call, { orderId }, { timeoutMs: STEP_TIMEOUT_MS });
    return true;
  } catch (error) {
    if (step.nothingToDo && isFailure(error, step.nothingToDo)) return false;
    throw error;
  }
}
