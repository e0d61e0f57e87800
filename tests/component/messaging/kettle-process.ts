/**
 * A node of the kettle service that dies of the message about the kettle `killer`, at the moment when all others are in
 * flight beside it: `node kettle-process.ts <NATS URL> <store's file>`
 */
import { setTimeout } from "node:timers/promises";
import { remember, startKettleService } from "../../support/messaging-fixture.ts";

const [natsUrl, file] = process.argv.slice(2) as [string, string];

await startKettleService({
  natsUrl,
  file,
  ackWaitMs: 600,
  handle: (deps) => async (message, delivery, ctx) => {
    if (message.subject === "killer") {
      await setTimeout(150);
      process.kill(process.pid, "SIGKILL");
    }
    await setTimeout(300);
    await remember(deps)(message, delivery, ctx);
  },
});
