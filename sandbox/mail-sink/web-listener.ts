/** Shows the mails over HTTP: a page for people, a list for programs. */
import { createServer, type ServerResponse } from "node:http";
import type { Logger } from "pino";
import { z } from "zod";
import { listenOnLoopback } from "../support/sandbox-process.ts";
import { PAGE_POLICY, renderPage } from "./mail-page.ts";
import { viewMails } from "./mail-view.ts";
import type { Mailbox } from "./mailbox.ts";

/** `?limit=1..1000&before=<name>`, newest first; anything else is ignored. */
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(1000).catch(100),
  before: z.string().max(100).optional(),
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

export interface WebListener {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startWebListener(deps: {
  mailbox: Mailbox;
  logger: Logger;
  port: number;
}): Promise<WebListener> {
  const { mailbox, logger } = deps;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") return refuseMethod(response);
    answer(mailbox, request.url ?? "/")
      .catch((error): Answer => {
        logger.error({ err: error }, "request failed");
        return text(500, "This cannot be shown now.");
      })
      .then((found) => send(response, found));
  });
  const port = await listenOnLoopback(server, deps.port, "http-port");
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      setTimeout(() => server.closeAllConnections(), 500).unref();
    });
  return { port, stop };
}

async function answer(mailbox: Mailbox, url: string): Promise<Answer> {
  const [path = "", query] = url.split("?");
  const page = Page.parse(Object.fromEntries(new URLSearchParams(query)));
  if (path === "/healthz") return json({ status: "ok" });
  if (path === "/mails") return json({ items: await viewMails(mailbox, page) });
  if (path === "/") {
    const mails = await viewMails(mailbox, page);
    const older = mails.length === page.limit ? mails.at(-1)?.name : undefined;
    return { status: 200, type: "text/html; charset=utf-8", body: renderPage(mails, older) };
  }
  const raw = path.startsWith("/mails/") ? await mailbox.read(path.slice("/mails/".length)) : undefined;
  return raw
    ? { status: 200, type: "text/plain; charset=utf-8", body: raw }
    : text(404, "There is nothing here.");
}

const json = (body: unknown): Answer => ({
  status: 200,
  type: "application/json",
  body: JSON.stringify(body),
});

const text = (status: number, body: string): Answer => ({ status, type: "text/plain; charset=utf-8", body });

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    "content-type": type,
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  });
  response.end(body);
}

function refuseMethod(response: ServerResponse): void {
  response.writeHead(405, { allow: "GET, HEAD", connection: "close" }).end();
}
