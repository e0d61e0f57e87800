import { mkdtempSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type RunningProcess, runProcess, startProcess } from "../../support/processes.ts";

const newDataDir = () => mkdtempSync(join(tmpdir(), "orders-sandbox-"));

describe.each([
  { script: "sandbox/payment-provider/main.ts", option: "port" },
  { script: "sandbox/mail-sink/main.ts", option: "smtp-port" },
  { script: "sandbox/mail-sink/main.ts", option: "http-port" },
])("$script with --$option", ({ script, option }) => {
  const started: RunningProcess[] = [];
  async function start(): Promise<{ process: RunningProcess; port: number }> {
    const process = await startProcess(script, ["--data", newDataDir()]);
    started.push(process);
    const listening = process.ready.listening as number | Record<string, number>;
    const port = typeof listening === "number" ? listening : listening[option.replace("-port", "")];
    return { process, port: port as number };
  }
  afterEach(async () => {
    await Promise.all(started.splice(0).map((process) => process.kill()));
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends with 0 after %s", async (signal) => {
    const { process: sandbox } = await start();
    process.kill(sandbox.pid, signal);
    expect(await sandbox.exited).toEqual({ code: 0, signal: null });
  });

  test("says in one sentence that its port is taken", async () => {
    const { port } = await start();
    const { code, lines } = await runProcess(script, ["--data", newDataDir(), `--${option}`, String(port)]);
    expect(code).toBe(1);
    expect(lines).toEqual([`Port ${port} is taken: choose another with --${option}, or 0 for any free one.`]);
  });

  test.each(["http", "65536"])("says in one sentence that %s is no port", async (port) => {
    const { code, lines } = await runProcess(script, ["--data", newDataDir(), `--${option}=${port}`]);
    expect(code).toBe(1);
    expect(lines).toEqual([`--${option} must be a port from 1 to 65535, or 0 for any free one.`]);
  });

  test("is reached from this machine only", async () => {
    const { port } = await start();
    const outside = Object.values(networkInterfaces())
      .flat()
      .filter((found) => found?.family === "IPv4" && !found.internal)
      .map((found) => fetch(`http://${found?.address}:${port}/`, { signal: AbortSignal.timeout(1_000) }));
    for (const outcome of await Promise.allSettled(outside)) expect(outcome.status).toBe("rejected");
  });
});

describe.each(["sandbox/payment-provider/main.ts", "sandbox/mail-sink/main.ts"])("%s", (script) => {
  test("asks for its folder", async () => {
    const { code, lines } = await runProcess(script);
    expect(code).toBe(1);
    expect(lines).toEqual(["Name the folder to keep everything in: --data <dir>."]);
  });

  test("names a folder that it cannot use", async () => {
    const { code, lines } = await runProcess(script, ["--data", "/dev/null/kept"]);
    expect(code).toBe(1);
    expect(lines).toEqual([
      "The folder /dev/null/kept cannot be used (ENOTDIR): choose another with --data.",
    ]);
  });

  test("names an option that it does not know", async () => {
    const { code, lines } = await runProcess(script, ["--datas", "x"]);
    expect(code).toBe(1);
    expect(lines).toEqual(["Unknown option '--datas'"]);
  });
});
