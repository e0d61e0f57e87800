/** What the page shows of a mail. */
import type { AddressObject } from "mailparser";
import type { Mailbox } from "./mailbox.ts";

export interface MailView {
  /** The file's name. */
  readonly name: string;
  readonly receivedAt: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly messageId: string;
  /** X-Order-Id and X-Request-Id, where the mail has them. */
  readonly orderId: string;
  readonly requestId: string;
  readonly text: string;
}

/** The newest mails of a page, parsed. */
export async function viewMails(
  mailbox: Mailbox,
  page: { limit: number; before?: string | undefined },
): Promise<MailView[]> {
  const views: MailView[] = [];
  for (const name of await mailbox.list(page)) {
    const raw = await mailbox.read(name);
    if (raw) views.push(await viewMail(name, raw));
  }
  return views;
}

async function viewMail(name: string, raw: Buffer): Promise<MailView> {
  // Loaded with the first look at the page: most runs never look, and it takes some 15 MB.
  const { simpleParser } = await import("mailparser");
  const mail = await simpleParser(raw, { skipImageLinks: true });
  const header = (key: string) => String(mail.headers.get(key) ?? "");
  return {
    name,
    receivedAt: receivedAt(name),
    from: textOf(mail.from),
    to: textOf(mail.to),
    subject: mail.subject ?? "",
    messageId: mail.messageId ?? "",
    orderId: header("x-order-id"),
    requestId: header("x-request-id"),
    text: mail.text ?? "",
  };
}

/** The time in a file's name, as RFC 3339. */
function receivedAt(name: string): string {
  return name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, "$1-$2-$3T$4:$5:$6.$7Z");
}

function textOf(addresses: AddressObject | AddressObject[] | undefined): string {
  return [addresses ?? []]
    .flat()
    .map(({ text }) => text)
    .join(", ");
}
