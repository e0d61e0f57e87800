import type { Context } from "moleculer";
import { callService, isFailure } from "../../../../mixins/calls.ts";
import { isFailureOfRequest } from "../../../../mixins/domain-errors.ts";
import type { MessageHandler } from "../../../../mixins/messaging/durable-messages.ts";
import type { RequestMeta } from "../../../../mixins/observability/request-context.ts";
import { orders } from "../../../orders/contract.ts";
import type { worker } from "../../contract.ts";
import { FULFILLED_MEANWHILE, type FulfilmentStep, fulfilment } from "../../domain/fulfilment.ts";

/** A call that takes longer is placed again with its command; each is safe to repeat. */
const CALL_TIMEOUT_MS = 5_000;

/**
 * Carries out `fulfilment.ship`: the steps of {@link fulfilment}, one after the other. A step past the claim that fails
 * for good ends the order; what a dependency fails is thrown, so that the command is tried again.
 */
export function shipFulfilment(): MessageHandler<typeof worker.commands.shipFulfilment> {
  return async ({ data: { orderId } }, _delivery, ctx) => {
    for (const step of fulfilment) {
      try {
        await callService(ctx, step.call, { orderId }, { timeoutMs: CALL_TIMEOUT_MS });
      } catch (error) {
        return giveUp(step, { orderId, error }, ctx);
      }
      ctx.service?.logger.info({ orderId, step: step.name }, "fulfilment step done");
    }
  };
}

/** Ends the command, and where the step failed for good the order too; throws what is worth another try. */
async function giveUp(
  { name: step, nothingToDo, failsAs }: FulfilmentStep,
  { orderId, error }: { orderId: string; error: unknown },
  ctx: Context<unknown, RequestMeta>,
): Promise<void> {
  if (nothingToDo && isFailure(error, nothingToDo)) {
    ctx.service?.logger.info({ orderId, step }, "nothing left to fulfil");
    return;
  }
  if (!failsAs || !isFailureOfRequest(error)) throw error;
  ctx.service?.logger.warn({ orderId, step, error: String(error) }, "fulfilment step failed for good");
  await failFulfilment({ orderId, reason: failsAs }, ctx);
}

async function failFulfilment(
  params: { orderId: string; reason: NonNullable<FulfilmentStep["failsAs"]> },
  ctx: Context<unknown, RequestMeta>,
): Promise<void> {
  try {
    await callService(ctx, orders.calls.failFulfilment, params, { timeoutMs: CALL_TIMEOUT_MS });
    ctx.service?.logger.info(params, "order cancelled, its fulfilment failed for good");
  } catch (error) {
    if (!isFailure(error, FULFILLED_MEANWHILE)) throw error;
    ctx.service?.logger.info(params, "order fulfilled meanwhile, nothing to cancel");
  }
}
