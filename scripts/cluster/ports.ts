import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Ports for servers are taken from below the range that systems use for outgoing connections (32768 and up):
 * inside it, a client that reconnects to a server that is away can be given the server's own port.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Why a port cannot be listened on: `EADDRINUSE`, `EACCES`, ...; undefined when it is free. */
export async function whyNotFree(port: number, host?: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** A free port of the loopback interface that is none of `taken`. */
export async function pickFreePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
}

/**
 * The first free port after this one that is none of `taken`.
 * @throws {Error} there is none
 */
export async function nextFreePort(after: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = after + 1; port <= 65_535; port++) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`No port after ${after} is free.`);
}

/** Whether nobody listens on the port, neither on loopback nor on all interfaces. */
export async function isFree(port: number): Promise<boolean> {
  return !(await whyNotFree(port, "127.0.0.1")) && !(await whyNotFree(port));
}
