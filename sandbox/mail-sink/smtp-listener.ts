/** Takes every mail over SMTP: no sign-in, no TLS, loopback only. */
import type { Logger } from "pino";
import { SMTPServer, type SMTPServerDataStream } from "smtp-server";
import { listenOnLoopback } from "../support/sandbox-process.ts";
import type { Mailbox } from "./mailbox.ts";

const MAX_MAIL_BYTES = 1_000_000;

export interface SmtpListener {
  readonly port: number;
  /** Lets a mail that is on its way end, then says goodbye to those who stay connected. */
  stop(): Promise<void>;
}

/** Answers 250 only when the mail is on disk, 552 when it is too large, 451 when it cannot be kept. */
export async function startSmtpListener(deps: {
  mailbox: Mailbox;
  logger: Logger;
  port: number;
}): Promise<SmtpListener> {
  const { mailbox, logger } = deps;
  const smtp = new SMTPServer({
    logger: false,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    size: MAX_MAIL_BYTES,
    rejectOversized: true,
    maxRecipients: 100,
    maxClients: 100,
    closeTimeout: 500,
    onData(stream, { envelope }, answer) {
      receive(stream)
        .then(async (raw) => {
          if (stream.sizeExceeded) return answer(null);
          const file = await mailbox.keep(raw);
          logger.info({ file, to: envelope.rcptTo.map(({ address }) => address) }, "mail kept");
          answer(null, `kept as ${file}`);
        })
        .catch((error) => {
          logger.error({ err: error }, "mail not kept");
          answer(Object.assign(new Error("Cannot keep the mail now"), { responseCode: 451 }));
        });
    },
  });
  smtp.on("error", (error) => {
    if (smtp.server.listening) logger.warn({ err: error }, "SMTP connection failed");
  });
  const port = await listenOnLoopback(smtp.server, deps.port, "smtp-port");
  return { port, stop: () => new Promise((resolve) => smtp.close(() => resolve())) };
}

/** The whole mail, or as much of it as is allowed: the rest of a larger one is read and dropped. */
async function receive(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(chunk);
  return Buffer.concat(chunks);
}
