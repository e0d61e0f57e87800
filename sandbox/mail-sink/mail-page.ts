/** The page of mails. All that comes from a mail is data: escaped here, and without any right by the page's policy. */
import { createHash } from "node:crypto";
import type { MailView } from "./mail-view.ts";

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
  details { border-top: 1px solid #ccc; padding: .5rem 0; }
  summary { cursor: pointer; }
  time { color: #666; margin-right: .5rem; }
  pre { background: #f6f6f6; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
`;

/** Nothing may be loaded, run or sent from this page; only its own style sheet applies. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** @param older where the next page begins, if there is one */
export function renderPage(mails: readonly MailView[], older?: string): string {
  const list = mails.map(renderMail).join("\n") || "<p>No mail yet.</p>";
  const link =
    older === undefined ? "" : `<p><a href="/?before=${encodeURIComponent(older)}">Older mails</a></p>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Mails</title><style>${STYLE}</style></head>
<body>
<h1>Mails</h1>
${list}
${link}
</body>
</html>
`;
}

function renderMail(mail: MailView): string {
  const [time, to, subject, text] = [mail.receivedAt, mail.to, mail.subject, mail.text].map(escapeMarkup);
  const facts = [
    ["From", mail.from],
    ["Message-ID", mail.messageId],
    ["X-Order-Id", mail.orderId],
    ["X-Request-Id", mail.requestId],
  ].flatMap(([label, value = ""]) => (value === "" ? [] : [`${label}: ${escapeMarkup(value)}`]));
  return `<details>
<summary><time>${time}</time> ${to}: <strong>${subject}</strong></summary>
<p>${facts.join("<br>")}<br><a href="/mails/${encodeURIComponent(mail.name)}">The raw mail</a></p>
<pre>${text}</pre>
</details>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeMarkup(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
