import { mkdtempSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type RunningProcess, runProcess, startProcess } from "../../support/processes.ts";

const newDataDir = () => mkdtempSync(join(tmpdir(), "orders-sandbox-"));

describe.each([
  { script: "sandbox/payment-provider/main.ts", options: ["port"] },
  { script: "sandbox/mail-sink/main.ts", options: ["smtp-port", "http-port"] },
])("$script", ({ script, options }) => {
  let running: RunningProcess;
  beforeAll(async () => {
    running = await startProcess(script, ["--data", newDataDir()]);
  });
  afterAll(async () => {
    await running.kill();
  });

  function portOf(option: string): number {
    const listening = running.ready.listening as number | Record<string, number>;
    return typeof listening === "number" ? listening : (listening[option.replace("-port", "")] as number);
  }

  test.each(options)("says in one sentence that the port of --%s is taken", async (option) => {
    const port = portOf(option);
    const { code, lines } = await runProcess(script, ["--data", newDataDir(), `--${option}`, String(port)]);
    expect(code).toBe(1);
    expect(lines).toEqual([`Port ${port} is taken: choose another with --${option}, or 0 for any free one.`]);
  });

  test.each(options)("listens for --%s on this machine only", async (option) => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .filter((found) => found?.family === "IPv4" && !found.internal)
      .map((found) =>
        fetch(`http://${found?.address}:${portOf(option)}/`, { signal: AbortSignal.timeout(1_000) }),
      );
    for (const outcome of await Promise.allSettled(outside)) expect(outcome.status).toBe("rejected");
  });

  test.each(["http", "65536"])("says in one sentence that %s is no port", async (port) => {
    const [option] = options;
    const { code, lines } = await runProcess(script, ["--data", newDataDir(), `--${option}=${port}`]);
    expect(code).toBe(1);
    expect(lines).toEqual([`--${option} must be a port from 1 to 65535, or 0 for any free one.`]);
  });

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

  test.each(["SIGTERM", "SIGINT"] as const)("ends with 0 after %s", async (signal) => {
    const sandbox = await startProcess(script, ["--data", newDataDir()]);
    process.kill(sandbox.pid, signal);
    expect(await sandbox.exited).toEqual({ code: 0, signal: null });
  });
});
