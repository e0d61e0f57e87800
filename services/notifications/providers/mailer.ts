/** Sends mail over SMTP. A mail goes out at least once; a stable Message-ID lets the other side see a repetition. */
import nodemailer, { type NodemailerError } from "nodemailer";
import { z } from "zod";
import { OneLine } from "../../../contracts/shapes.ts";
import { type BreakerLogger, createBreaker, isBreakerOpen } from "../../../mixins/circuit-breaker.ts";
import { DependencyUnavailable, DomainError } from "../../../mixins/errors.ts";

/** The mail was not taken: no connection, a temporary refusal (4xx), or the breaker is open. */
export class MailUnavailable extends DependencyUnavailable {
  override name = "MailUnavailable";
}

/** Time-out or connection lost on the way: it may have been taken. Send it again with the same Message-ID. */
export class MailOutcomeUnknown extends DependencyUnavailable {
  override name = "MailOutcomeUnknown";
}

/** The mail server refused this mail for good (5xx), or it is none that may be sent. */
export class MailRefused extends DomainError {
  readonly code = "MAIL_REFUSED";
}

/** One mail to one recipient. Own headers begin with `X-`, so that none can replace those of the mail itself. */
const Mail = z.strictObject({
  to: z.email().max(254),
  subject: OneLine.min(1).max(500),
  text: z.string().max(500_000),
  /** In angle brackets, stable for this mail. */
  messageId: OneLine.regex(/^<[^<>@\s]+@[^<>@\s]+>$/, "must look like <id@domain>").max(250),
  headers: z.record(z.string().regex(/^X-[A-Za-z0-9-]{1,70}$/, "must begin with X-"), OneLine.max(500)),
});
export type Mail = z.output<typeof Mail>;

export interface Mailer {
  /** Resolves when the mail server has taken the mail; throws `MailRefused`, `MailUnavailable` or `MailOutcomeUnknown`. */
  send(mail: Mail): Promise<void>;
  /** Closes all connections; what comes later fails with `MailUnavailable`. */
  close(): void;
}

/**
 * @param url `smtp://user:password@host:port` or `smtps://...`
 * @param from the sender, for example `Shop <shop@example.com>`
 * @param connectTimeoutMs until the mail server has greeted
 * @param sendTimeoutMs for one mail in all, waiting for a free connection included; below the 5 s of a broker call
 * @param breaker see `createBreaker`
 */
export function createMailer({
  url,
  from,
  logger,
  connectTimeoutMs = 2_000,
  sendTimeoutMs = 4_000,
  breaker: breakerOptions = {},
}: {
  url: string;
  from: string;
  logger?: BreakerLogger | undefined;
  connectTimeoutMs?: number;
  sendTimeoutMs?: number;
  breaker?: { minCalls?: number; halfOpenMs?: number };
}): Mailer {
  const transport = nodemailer.createTransport({
    url,
    pool: true,
    maxConnections: 5,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    dnsTimeout: connectTimeoutMs,
    socketTimeout: sendTimeoutMs,
    // Once, when the server has closed a pooled connection meanwhile: by then nothing of the mail was sent.
    maxRequeues: 1,
    idleTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const isAnswer = (error: unknown) => isRefusal(error as NodemailerError);
  const breaker = createBreaker({ name: "mail-server", isAnswer, logger, ...breakerOptions });

  return {
    async send(mail) {
      const { to, headers, ...content } = checked(mail);
      const message = {
        ...content,
        from,
        // As a string it would be parsed, and might name several recipients.
        to: { name: "", address: to },
        headers: { ...headers, "Auto-Submitted": "auto-generated" },
        // The names of our headers are a contract: nodemailer would write X-Order-ID.
        normalizeHeaderKey: (name: string) => (name.startsWith("X-") ? name.replace(/-ID$/, "-Id") : name),
        xMailer: false as const,
        signal: AbortSignal.timeout(sendTimeoutMs),
      };
      try {
        await breaker.run(() => transport.sendMail(message));
      } catch (error) {
        throw understand(error as NodemailerError);
      }
    },
    close() {
      breaker.close();
      transport.close({ force: true });
    },
  };
}

/** @throws {MailRefused} naming what does not fit, never its content */
function checked(mail: Mail): Mail {
  const result = Mail.safeParse(mail);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw new MailRefused("The mail may not be sent", { errors });
}

/** An answer of the server, or of the client itself, about this very mail: its addresses or its content. */
function isRefusal({ code, permanent, responseCode }: NodemailerError): boolean {
  return (code === "EENVELOPE" || code === "EMESSAGE") && (permanent === true || !responseCode);
}

function understand(error: NodemailerError): Error {
  const options = { cause: error };
  if (isRefusal(error))
    return new MailRefused(`The mail was refused: ${error.message}`, { responseCode: error.responseCode });
  if (isBreakerOpen(error) || error.responseCode || failedToConnect(error))
    return new MailUnavailable(`The mail was not taken: ${error.message}`, options);
  return new MailOutcomeUnknown(`It is unknown whether the mail was taken: ${error.message}`, options);
}

/** The connection was not ready for a mail yet. */
function failedToConnect({ code, syscall, timeoutType }: NodemailerError): boolean {
  const onTheWay = timeoutType === undefined || timeoutType === "SOCKET_TIMEOUT";
  return code === "EDNS" || syscall === "connect" || !onTheWay;
}
