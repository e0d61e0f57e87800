/** A payment provider for development: `node sandbox/payment-provider/main.ts --port 0 --data <dir>`. */
import { join } from "node:path";
import { listenOnLoopback, runSandbox } from "../support/sandbox-process.ts";
import { createPaymentServer } from "./http-server.ts";
import { openLedger } from "./ledger.ts";
import { createPayments } from "./payments.ts";
import { createRoutes } from "./routes.ts";

await runSandbox("payment-provider", ["port"], async ({ port, dataDir, logger }) => {
  // What is in memory is ahead of the disk then: only a new start from the ledger is right again.
  const endAtOnce = (error: Error) => {
    logger.fatal({ err: error }, "the ledger cannot be written");
    process.exit(1);
  };
  const { lines, ledger } = await openLedger(join(dataDir, "ledger.jsonl"), endAtOnce);
  const payments = createPayments({ lines, ledger, clock: Date.now });
  const { server, stop } = createPaymentServer({ answer: createRoutes({ payments, logger }), logger });
  const listening = await listenOnLoopback(server, port("port"), "port");
  return { listening, stop: () => stop().then(ledger.close) };
});
