/** The payment sandbox as its own process, and what a client would send to it. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "../../support/processes.ts";

export const SCRIPT = "sandbox/payment-provider/main.ts";

export const newDataDir = () => mkdtempSync(join(tmpdir(), "orders-payments-"));
export const ledgerFile = (dataDir: string) => join(dataDir, "ledger.jsonl");

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export type PaymentSandbox = Awaited<ReturnType<typeof startPaymentSandbox>>;

/** @param port where an earlier one listened, or 0 for any free one */
export async function startPaymentSandbox(dataDir = newDataDir(), port = 0) {
  const process = await startProcess(SCRIPT, ["--port", String(port), "--data", dataDir]);
  const url = `http://127.0.0.1:${process.ready.listening}`;

  async function post(path: string, key: string, body: unknown, headers = {}): Promise<Answer> {
    return request(path, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  async function request(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000), ...init });
    return { status: response.status, headers: response.headers, body: parse(await response.text()) };
  }

  return {
    ...process,
    dataDir,
    url,
    port: process.ready.listening as number,
    request,
    post,
    authorize: (key: string, order: object = {}) => post("/v1/payments", key, { ...anOrder, ...order }),
    move: (name: string, paymentId: unknown, key: string) =>
      post(`/v1/payments/${paymentId}/${name}`, key, {}),
    get: (paymentId: unknown) => request(`/v1/payments/${paymentId}`),
    ledger: () => readLedger(dataDir),
  };
}

export const anOrder = { orderId: "ord_1", amount: 900, currency: "EUR", paymentMethod: "pm_card_ok" };

export function readLedger(dataDir: string): Record<string, unknown>[] {
  const lines = readFileSync(ledgerFile(dataDir), "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

function parse(text: string): Record<string, unknown> {
  return text === "" ? {} : JSON.parse(text);
}
