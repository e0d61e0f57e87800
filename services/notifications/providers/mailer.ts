/** Sends mail over SMTP. A mail goes out at least once; a stable Message-ID lets the other side see a repetition. */
import nodemailer, { type NodemailerError } from "nodemailer";
import { z } from "zod";
import { OneLine } from "../../../contracts/shapes.ts";
import { type BreakerLogger, createBreaker, isBreakerOpen } from "../../../mixins/circuit-breaker.ts";
import { DependencyUnavailable, DomainError } from "../../../mixins/errors.ts";

/** The mail was not taken, and may be later: no connection, an answer that is not about this very mail, or the breaker is open. */
export class MailUnavailable extends DependencyUnavailable {
  override name = "MailUnavailable";
}

/** Time-out or connection lost on the way: it may have been taken. Send it again with the same Message-ID. */
export class MailOutcomeUnknown extends DependencyUnavailable {
  override name = "MailOutcomeUnknown";
}

/** The mail server refused this mail for good (a 5xx about its recipient or content), or it is none that may be sent. */
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

/**
 * Answers of 5xx that are not about one mail but about the session, the sender or the day. The same mail may go
 * out once credentials, quota or server are mended, so it must not be given up.
 */
const NOT_ABOUT_ONE_MAIL = {
  /**
   * RFC 5321, 4.2.2: commands not understood (500-504, 555). RFC 7504: a host that takes no mail (521).
   * RFC 4954 and RFC 5248: sign-in and encryption (523-538).
   */
  replies: [500, 501, 502, 503, 504, 521, 523, 524, 525, 530, 534, 535, 538, 555],
  /** RFC 3463 and the IANA registry that goes on with it, "SMTP Enhanced Status Codes". */
  statuses: [
    /^5\.1\.[78]$/, // the sender's address
    /^5\.3\.(?!4$)/, // the mail system; 5.3.4: this mail is too big for it
    /^5\.4\./, // network, routing, and with many servers the quota
    /^5\.5\./, // the protocol
    /^5\.7\.([89]|1[0-4])$/, // sign-in and encryption
    /^5\.7\.2[0-8]$/, // the sender's domain or host is not trusted, or sends too much
    /^5\.7\.(57|60)$/, // Microsoft Exchange: not signed in, or may not send as this sender
  ],
  /** Who has not signed in is told that the server is no relay for him, with the codes of any other refusal. */
  text: /\brelay(ing)? (access )?(denied|not permitted|prohibited)|\bunable to relay\b/i,
};

/** An address that cannot be (RFC 3463, 3.2), and what Exchange Online answers for one that it does not know (5.4.1). */
const OF_RECIPIENT = /^5\.(1\.[0-6]|4\.1)$/;

/** An answer of the server, or of the client itself, about this very mail: its recipient or its content. */
function isRefusal(error: NodemailerError): boolean {
  if (error.code !== "EENVELOPE" && error.code !== "EMESSAGE") return false;
  if (!error.response) return true;
  return error.permanent === true && isAboutThisMail(error);
}

/** Tells what a 5xx is about; the answer to MAIL FROM is about the sender unless it tells a size. */
function isAboutThisMail({ command, response = "", responseCode = 0 }: NodemailerError): boolean {
  const [, status = ""] = /^\d{3}[ -](5\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? [];
  if (command === "MAIL FROM") return status === "5.3.4";
  if (command === "RCPT TO" && (responseCode === 501 || OF_RECIPIENT.test(status))) return true;
  const { replies, statuses, text } = NOT_ABOUT_ONE_MAIL;
  return !(
    replies.includes(responseCode) ||
    statuses.some((pattern) => pattern.test(status)) ||
    text.test(response)
  );
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
