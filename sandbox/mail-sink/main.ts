/** A mail server for development that keeps every mail: `node sandbox/mail-sink/main.ts --smtp-port 0 --http-port 0 --data <dir>`. */
import { runSandbox } from "../support/sandbox-process.ts";
import { openMailbox } from "./mailbox.ts";
import { startSmtpListener } from "./smtp-listener.ts";
import { startWebListener } from "./web-listener.ts";

await runSandbox("mail-sink", ["smtp-port", "http-port"], async ({ port, dataDir, logger }) => {
  const mailbox = await openMailbox(dataDir, Date.now);
  const smtp = await startSmtpListener({ mailbox, logger, port: port("smtp-port") });
  const web = await startWebListener({ mailbox, logger, port: port("http-port") });
  return {
    listening: { smtp: smtp.port, http: web.port },
    stop: async () => {
      await Promise.all([smtp.stop(), web.stop()]);
    },
  };
});
