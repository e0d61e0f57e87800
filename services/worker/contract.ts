/** The commands that the worker carries out. The only file of worker that other services may import. */
import { z } from "zod";
import { command, defineContract } from "../../contracts/define-contract.ts";
import { OrderId } from "../../contracts/shapes.ts";

export const worker = defineContract("worker", {
  calls: {},
  events: {},
  commands: {
    /** Claim, capture, ship and fulfil a confirmed order. */
    shipFulfilment: command("fulfilment.ship", z.strictObject({ orderId: OrderId })),
  },
});
