/** Which parts of a cluster do what they are for: seen from outside, by asking them. */
import { connect } from "node:net";
import type { Cluster } from "./cluster.ts";
import { addressesOf, type Part } from "./layout.ts";
import { isAlive } from "./processes.ts";
import { readRecord } from "./records.ts";
import { openRollCall, type RollCall } from "./roll-call.ts";

const PROBE_TIMEOUT_MS = 1_000;

export interface Probe {
  /** The names of those parts that are ready now; a part that does not answer within `waitMs` is not. */
  readyParts(parts: readonly Part[], options: { waitMs: number }): Promise<Set<string>>;
  close(): Promise<void>;
}

export function createProbe(cluster: Cluster): Probe {
  let rollCall: RollCall | undefined;

  async function hostedServices(expected: number, waitMs: number): Promise<Map<string, readonly string[]>> {
    try {
      rollCall ??= await openRollCall(cluster.settings, addressesOf(cluster).nats);
      return await rollCall.ask({ waitMs, expected });
    } catch {
      await rollCall?.close().catch(() => {});
      rollCall = undefined;
      return new Map();
    }
  }

  return {
    async readyParts(parts, { waitMs }) {
      const living = parts.filter(({ name }) => isRunning(cluster.settings.DATA_DIR, name));
      const nodes = living.filter(({ services }) => services.length > 0).length;
      const present = nodes > 0 ? await hostedServices(nodes, waitMs) : new Map<string, readonly string[]>();
      const verdicts = await Promise.all(
        living.map(async (part) => (await isReady(part, present)) && part.name),
      );
      return new Set(verdicts.filter((name) => name !== false));
    },
    close: async () => rollCall?.close(),
  };
}

/** Resolves to whether something accepts connections on this port of the loopback interface. */
export async function accepts(port: number, host = "127.0.0.1"): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host, timeout: PROBE_TIMEOUT_MS });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(false));
  });
}

async function isReady(part: Part, present: ReadonlyMap<string, readonly string[]>): Promise<boolean> {
  const hosted = present.get(part.name) ?? [];
  if (!part.services.every((service) => hosted.includes(service))) return false;
  const open = await Promise.all(part.ports.map((port) => accepts(port)));
  return open.every(Boolean) && (!part.readyUrl || (await answersOk(part.readyUrl)));
}

function isRunning(dataDir: string, name: string): boolean {
  const record = readRecord(dataDir, name);
  return record !== undefined && isAlive(record);
}

/** Whether a GET of this address is answered with a status below 400. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
