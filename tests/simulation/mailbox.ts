/** A mail server that takes every mail, whether its sender learns of it or not. */
import { type Mail, type Mailer, MailOutcomeUnknown } from "../../services/notifications/providers/mailer.ts";
import { ask, type Process, type World } from "./world.ts";

const TIMEOUT_MS = 4_000;

export function createMailbox(world: World) {
  const mails: Mail[] = [];
  return {
    mails: mails as readonly Mail[],
    portFor: (process: Process): Mailer => ({
      send: (mail) =>
        ask(world, {
          process,
          what: `mails ${mail.messageId}`,
          serve: () => {
            mails.push(mail);
          },
          timeoutMs: TIMEOUT_MS,
          unknown: () => new MailOutcomeUnknown("The mail server did not answer"),
          answerLost: "silent",
          mayDouble: false,
        }),
      close: () => {},
    }),
  };
}
