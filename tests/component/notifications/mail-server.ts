import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

/** What the server does with a mail before it takes it; what it throws is its answer. */
export type OnMail = (mail: ParsedMail) => void | Promise<void>;

/** An answer of the server other than "taken": 4xx for now, 5xx for good. */
export class SmtpAnswer extends Error {
  readonly responseCode: number;
  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

export type TestMailServer = Awaited<ReturnType<typeof startMailServer>>;

/** A real SMTP server on a free port (or a given one) that keeps what it takes in memory. */
export async function startMailServer({ port = 0 } = {}) {
  const taken: ParsedMail[] = [];
  let onMail: OnMail = () => {};
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    onData(stream, _session, answer) {
      receive(simpleParser(stream)).then(() => answer(), answer);
    },
  });
  // A client that is killed in the middle of a mail leaves a broken connection behind.
  server.on("error", () => {});
  server.listen(port, "127.0.0.1");
  await once(server.server, "listening");
  const address = server.server.address() as AddressInfo;

  async function receive(parsing: Promise<ParsedMail>): Promise<void> {
    const mail = await parsing;
    await onMail(mail);
    taken.push(mail);
  }

  return {
    url: `smtp://127.0.0.1:${address.port}`,
    port: address.port,
    /** The mails taken for one order, in their order. */
    mailsFor: (orderId: string) => taken.filter(({ headers }) => headers.get("x-order-id") === orderId),
    answerWith(answer: OnMail) {
      onMail = answer;
    },
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
