import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { runProcess } from "../../support/processes.ts";
import {
  ledgerFile,
  newDataDir,
  type PaymentSandbox,
  readLedger,
  SCRIPT,
  startPaymentSandbox,
} from "./payment-sandbox.ts";

describe("The payment sandbox, started again,", () => {
  const started: PaymentSandbox[] = [];
  async function start(dataDir?: string): Promise<PaymentSandbox> {
    const sandbox = await startPaymentSandbox(dataDir);
    started.push(sandbox);
    return sandbox;
  }
  afterEach(async () => {
    await Promise.all(started.splice(0).map((sandbox) => sandbox.kill()));
  });

  test("goes on from its ledger after kill -9 with every effect that it has answered", async () => {
    const first = await start();
    const authorized = await first.authorize("a");
    const { paymentId } = authorized.body;
    await first.move("capture", paymentId, "c");
    const voided = (await first.authorize("v")).body.paymentId;
    await first.move("void", voided, "w");
    await first.kill();

    const second = await start(first.dataDir);
    expect((await second.authorize("a")).body).toEqual(authorized.body);
    expect((await second.authorize("a", { amount: 1 })).status).toBe(422);
    expect((await second.authorize("a", { paymentMethod: "pm_card_declined" })).status).toBe(422);
    expect((await second.move("capture", paymentId, "c")).body.status).toBe("captured");
    expect((await second.move("void", paymentId, "x")).status).toBe(409);
    expect((await second.get(voided)).body.status).toBe("voided");
    expect((await second.move("refund", paymentId, "r")).status).toBe(200);
    expect(second.ledger().map(({ kind }) => kind)).toEqual([
      "authorize",
      "capture",
      "authorize",
      "void",
      "refund",
    ]);
  });

  test("answers the time-out card at once when the process died before the key came again", async () => {
    const first = await start();
    const order = { paymentMethod: "pm_card_timeout" };
    const unanswered = expect(first.authorize("slow", order)).rejects.toThrow("fetch failed");
    await first.waitForLine(/payment authorized/);
    await first.kill();
    await unanswered;
    const second = await start(first.dataDir);
    expect(await second.authorize("slow", order)).toMatchObject({
      status: 201,
      body: { status: "authorized" },
    });
    expect(second.ledger()).toHaveLength(1);
  });

  test("has lost nothing that it acknowledged and has nothing twice when it is killed under load", async () => {
    const first = await start();
    const answered: string[] = [];
    const clients = Array.from({ length: 8 }, async (_, client) => {
      for (let n = 0; ; n++) {
        const key = `${client}-${n}`;
        const answer = await first.authorize(key).catch(() => undefined);
        if (!answer) return;
        answered.push(key);
        if (answered.length === 100) await first.kill();
      }
    });
    await Promise.all(clients);

    const second = await start(first.dataDir);
    const inLedger = second.ledger().map(({ key }) => key);
    expect(answered.length).toBeGreaterThanOrEqual(100);
    expect(answered.filter((key) => !inLedger.includes(key))).toEqual([]);
    expect(new Set(inLedger).size).toBe(inLedger.length);
    const replay = await second.authorize(answered.at(-1) as string);
    expect(replay.status).toBe(201);
    expect(second.ledger()).toHaveLength(inLedger.length);
  });

  test.each([
    ["in the middle", (content: string) => content.length - 40],
    ["just before its line break", (content: string) => content.length - 1],
  ])("cuts off a last line that was torn %s and may be asked for it again", async (_where, length) => {
    const first = await start();
    await first.authorize("kept");
    const { paymentId } = (await first.authorize("torn")).body;
    await first.kill();
    const content = readFileSync(ledgerFile(first.dataDir), "utf8");
    truncateSync(ledgerFile(first.dataDir), length(content));

    const second = await start(first.dataDir);
    expect(second.ledger()).toMatchObject([{ key: "kept" }]);
    expect((await second.get(paymentId)).status).toBe(404);
    expect((await second.authorize("torn")).status).toBe(201);
    expect(readLedger(first.dataDir)).toMatchObject([{ key: "kept" }, { key: "torn" }]);
  });

  test("cuts off a last line that is no line of a ledger", async () => {
    const first = await start();
    await first.authorize("kept");
    await first.kill();
    appendFileSync(ledgerFile(first.dataDir), '{"at":\u0000\u0000\n');
    const second = await start(first.dataDir);
    expect(second.ledger()).toMatchObject([{ key: "kept" }]);
  });

  test("refuses a ledger that is broken further up, and says where", async () => {
    const dataDir = newDataDir();
    writeFileSync(ledgerFile(dataDir), "nonsense\n{}\n");
    const { code, lines } = await runProcess(SCRIPT, ["--data", dataDir]);
    expect(code).toBe(1);
    expect(lines).toEqual([`Line 1 of the ledger ${ledgerFile(dataDir)} cannot be read.`]);
    expect(readFileSync(ledgerFile(dataDir), "utf8")).toBe("nonsense\n{}\n");
  });
});
