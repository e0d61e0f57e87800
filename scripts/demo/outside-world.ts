/** What an order did outside the cluster: its mails and its payments, as the sandboxes keep them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { simpleParser } from "mailparser";
import type { Cluster } from "../cluster/cluster.ts";
import { foldersOf } from "../cluster/folders.ts";

const POLL_MS = 50;

export interface OutsideWorld {
  /** The subjects of an order's mails; waits for as many as are expected, up to `timeoutMs`. */
  mailsOf(orderId: string, options: { expected: number; timeoutMs: number }): Promise<string[]>;
  /** An order's payments, a line each, as in the ledger. */
  paymentsOf(orderId: string): LedgerLine[];
}

interface LedgerLine {
  readonly kind: string;
  readonly outcome: string;
  readonly amount: number;
  readonly currency: string;
  readonly orderId: string;
}

/** Reads what a cluster's sandboxes keep; answers nothing where settings replace them. */
export function createOutsideWorld({ settings }: Cluster): OutsideWorld {
  const { mail, payments } = foldersOf(settings.DATA_DIR);
  return {
    async mailsOf(orderId, { expected, timeoutMs }) {
      if (settings.SMTP_URL) return [];
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const subjects = await subjectsOf(mail, orderId);
        if (subjects.length >= expected || Date.now() > deadline) return subjects;
        await delay(POLL_MS);
      }
    },
    paymentsOf(orderId) {
      const ledger = join(payments, "ledger.jsonl");
      if (settings.PAYMENT_URL || !existsSync(ledger)) return [];
      const lines = readFileSync(ledger, "utf8")
        .split("\n")
        .filter((line) => line.includes(orderId));
      return lines.map((line) => JSON.parse(line) as LedgerLine);
    },
  };
}

async function subjectsOf(folder: string, orderId: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".eml"));
  const contents = files.map((name) => readFileSync(join(folder, name)));
  const ours = contents.filter((content) => content.includes(orderId));
  const mails = await Promise.all(ours.map((content) => simpleParser(content)));
  return mails.sort((one, other) => Number(one.date) - Number(other.date)).map(({ subject = "" }) => subject);
}
