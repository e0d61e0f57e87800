import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { natsServer, provideServer } from "../../scripts/servers.ts";
import { freePort } from "./free-port.ts";

export interface TestNatsServer {
  readonly url: string;
  /** It hangs, connections and all, until `resume`. */
  pause(): void;
  resume(): void;
  /** kill -9; the streams stay in the folder. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the same streams. */
  start(): Promise<void>;
  /** Stops it for good and removes its folder. */
  stop(): Promise<void>;
}

/**
 * A real nats-server with JetStream of its own: free port, temporary folder.
 * @param config further lines of its configuration file
 */
export async function startNatsServer({ config: further = "" } = {}): Promise<TestNatsServer> {
  const { file } = await provideServer(natsServer, { say: () => {}, path: process.env.PATH ?? "" });
  const folder = mkdtempSync(join(tmpdir(), "orders-nats-"));
  const port = await freePort();
  const config = join(folder, "nats.conf");
  writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}" }\n${further}\n`);
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(file, ["-c", config], { stdio: "ignore" });
    await listening(port);
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    kill,
    start,
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, "127.0.0.1");
    const connected = await Promise.race([
      once(socket, "data").then(() => true),
      once(socket, "error").then(
        () => false,
        () => false,
      ),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return;
    await delay(25);
  }
  throw new Error(`Nothing listens on port ${port}`);
}
