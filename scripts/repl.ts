/** `make repl`: an operator's REPL, joined to the running cluster of DATA_DIR as a node of its own that hosts nothing. */
import type { REPLServer } from "node:repl";
import { ServiceBroker } from "moleculer";
import startRepl from "moleculer-repl";
import { brokerOptions } from "../moleculer.config.ts";
import { loadCluster } from "./cluster/cluster.ts";
import { addressesOf, partsOf } from "./cluster/layout.ts";
import { livingRecords } from "./cluster/records.ts";
import { CannotDo, type CommandInput, runCommand } from "./command.ts";

const DISCOVERY_TIMEOUT_MS = 5_000;

await runCommand(repl);

async function repl({ settings }: CommandInput): Promise<number> {
  const cluster = loadCluster(settings.DATA_DIR);
  if (!cluster || livingRecords(settings.DATA_DIR).length === 0)
    throw new CannotDo(`No cluster of ${settings.DATA_DIR} runs: \`make up\` starts one.`);
  const options = brokerOptions(
    { ...cluster.settings, NATS_URL: addressesOf(cluster).nats, LOG_LEVEL: "warn" },
    `repl-${process.pid}`,
  );
  const broker = new ServiceBroker(options);
  await broker.start();
  const services = partsOf(cluster).flatMap((part) => part.services);
  await broker.waitForServices(services, DISCOVERY_TIMEOUT_MS).catch((error) => console.error(error.message));
  const server = startRepl(broker, { delimiter: "orders $", customCommands: null });
  if (process.stdin.isTTY) await new Promise((resolve) => server.once("exit", resolve));
  else await runLines(server);
  await broker.stop();
  return 0;
}

/** Runs commands that come through a pipe one after another, each to its end, and then ends. */
async function runLines(server: REPLServer): Promise<void> {
  server.removeAllListeners("line").removeAllListeners("exit");
  const lines: string[] = [];
  server.on("line", (line) => lines.push(line));
  await new Promise((resolve) => server.once("close", resolve));
  for (const line of lines)
    await new Promise((resolve) => server.eval(`${line}\n`, server.context, "repl", resolve));
}
