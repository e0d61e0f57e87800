/** What the stand-ins share: how such a process reads its arguments, starts, listens and ends. */
import { mkdir } from "node:fs/promises";
import type { Server } from "node:net";
import { parseArgs } from "node:util";
import { type Logger, pino } from "pino";

/** The process cannot start; the message is one sentence for the person who started it. */
export class CannotStart extends Error {}

export interface Sandbox {
  /** The port, or the ports by name, that it listens on. */
  readonly listening: number | Readonly<Record<string, number>>;
  /** Finishes what is under way. */
  stop(): Promise<void>;
}

export interface SandboxStart {
  /** A port to listen on, 0 for any free one. */
  port(option: string): number;
  /** The folder for all that it keeps; it is there. */
  readonly dataDir: string;
  readonly logger: Logger;
}

/**
 * Runs a stand-in: `--data <dir>` and one option for each port. Prints one JSON line with `listening` when it is
 * ready, ends with 0 after SIGTERM or SIGINT, and with 1 and one sentence when it cannot start.
 */
export async function runSandbox(
  name: string,
  ports: readonly string[],
  start: (start: SandboxStart) => Promise<Sandbox>,
): Promise<void> {
  const logger = pino({
    base: { node: name },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  });
  try {
    const { listening, stop } = await start({ ...(await readArguments(ports)), logger });
    const end = () => stop().then(() => process.exit(0));
    process.once("SIGTERM", end);
    process.once("SIGINT", end);
    logger.info({ listening }, "ready");
  } catch (error) {
    console.error(error instanceof CannotStart ? error.message : error);
    process.exit(1);
  }
}

async function readArguments(ports: readonly string[]) {
  const values = parse([...ports, "data"]);
  const dataDir = values.data;
  if (!dataDir) throw new CannotStart("Name the folder to keep everything in: --data <dir>.");
  await mkdir(dataDir, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new CannotStart(`The folder ${dataDir} cannot be used (${code}): choose another with --data.`);
  });
  const port = (option: string) => {
    const given = values[option] ?? "0";
    if (!/^\d{1,5}$/.test(given) || Number(given) > 65_535)
      throw new CannotStart(`--${option} must be a port from 1 to 65535, or 0 for any free one.`);
    return Number(given);
  };
  return { dataDir, port };
}

function parse(options: readonly string[]): Record<string, string | undefined> {
  try {
    const known = Object.fromEntries(options.map((option) => [option, { type: "string" } as const]));
    return parseArgs({ options: known }).values;
  } catch (error) {
    throw new CannotStart((error as Error).message);
  }
}

/**
 * Listens on the loopback address only.
 * @param option the command line option that chooses the port
 * @returns the port
 * @throws {CannotStart} the port is taken or not allowed
 */
export function listenOnLoopback(server: Server, port: number, option: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "is taken" : `cannot be listened on (${error.code})`;
      reject(new CannotStart(`Port ${port} ${why}: choose another with --${option}, or 0 for any free one.`));
    };
    server.once("error", fail);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", fail);
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}
