/** The mail sink as its own process, its folder and its pages. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "../../support/processes.ts";
import { connectSmtp } from "./smtp-client.ts";

export type MailSandbox = Awaited<ReturnType<typeof startMailSandbox>>;

export async function startMailSandbox(dataDir = mkdtempSync(join(tmpdir(), "orders-mail-"))) {
  const process = await startProcess("sandbox/mail-sink/main.ts", ["--data", dataDir]);
  const ports = process.ready.listening as { smtp: number; http: number };
  const files = () => readdirSync(dataDir).sort();
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${ports.http}${path}`, init);
  return {
    ...process,
    dataDir,
    ports,
    smtpUrl: `smtp://127.0.0.1:${ports.smtp}`,
    files,
    /** The raw mails, oldest first. */
    mails: () =>
      files()
        .filter((name) => name.endsWith(".eml"))
        .map((name) => readFileSync(join(dataDir, name), "utf8")),
    get,
    list: async (query = "") =>
      ((await (await get(`/mails${query}`)).json()) as { items: Record<string, string>[] }).items,
    connect: () => connectSmtp(ports.smtp),
    /** Delivers one raw mail, lines ended by CRLF. @returns the server's last reply */
    async deliver(lines: readonly string[]): Promise<string> {
      const client = await connectSmtp(ports.smtp);
      await client.startMail();
      client.write(`${lines.join("\r\n")}\r\n.\r\n`);
      const reply = await client.reply();
      await client.hangUp();
      return reply;
    },
  };
}
