/** What a cluster keeps about itself from its first start on: settings in force, ports, counts. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { readSettings, type Settings } from "../../settings.ts";
import { foldersOf, writePrivateFile } from "./folders.ts";
import { isFree, nextFreePort, pickFreePort } from "./ports.ts";

/** The services that nodes host, in the order in which they are shown. */
export const SERVICES = [
  "accounts",
  "inventory",
  "orders",
  "notifications",
  "worker",
  "api-gateway",
] as const;

const Port = z.int().min(1).max(65_535);

const SavedCluster = z.strictObject({
  settings: z.record(z.string(), z.string()),
  ports: z.strictObject({ nats: Port, payment: Port, smtp: Port, mailPage: Port }),
  natsPassword: z.string(),
  /** The nats-server program, when the cluster runs its own. */
  natsProgram: z.string().optional(),
  /** How many nodes of each service are wanted. */
  nodes: z.record(z.string(), z.int().min(0)),
  /** Ports of the gateways after the first, which listens on PORT; those of gateways that are not wanted now are kept. */
  gatewayPorts: z.array(Port).default([]),
  /** Whether the first admin's password has been told, or was given: then none is made up any more. */
  adminGreeted: z.boolean(),
});
type SavedCluster = z.output<typeof SavedCluster>;

/** A cluster as its commands see it; `settings.DATA_DIR` is absolute. */
export type Cluster = Readonly<Omit<SavedCluster, "settings">> & { readonly settings: Settings };

/** Reads the cluster of a DATA_DIR; undefined when there was never one. */
export function loadCluster(dataDir: string): Cluster | undefined {
  const { cluster } = foldersOf(dataDir);
  if (!existsSync(cluster)) return undefined;
  const saved = SavedCluster.parse(JSON.parse(readFileSync(cluster, "utf8")));
  return { ...saved, settings: { ...readSettings(saved.settings), DATA_DIR: dataDir } };
}

/** Keeps the cluster for later commands. The admin's password is not kept. */
export function saveCluster(cluster: Cluster): void {
  const { ADMIN_PASSWORD: _, ...settings } = cluster.settings;
  const saved: SavedCluster = { ...cluster, settings: toEnvironment(settings) };
  writePrivateFile(foldersOf(cluster.settings.DATA_DIR).cluster, `${JSON.stringify(saved, null, 2)}\n`);
}

/**
 * The cluster to start where nothing of it runs: with today's settings, and with the ports, credentials and
 * counts of last time, unless a port has been taken since.
 */
export async function planCluster(
  settings: Settings,
  { last, natsProgram }: { last: Cluster | undefined; natsProgram: string | undefined },
): Promise<Cluster> {
  const taken = new Set([settings.PORT]);
  const keepOrPick = async (port: number | undefined) => {
    const kept = port !== undefined && !taken.has(port) && (await isFree(port));
    const chosen = kept ? port : await pickFreePort(taken);
    taken.add(chosen);
    return chosen;
  };
  const cluster = {
    settings,
    ports: {
      nats: await keepOrPick(last?.ports.nats),
      payment: await keepOrPick(last?.ports.payment),
      smtp: await keepOrPick(last?.ports.smtp),
      mailPage: await keepOrPick(last?.ports.mailPage),
    },
    natsPassword: last?.natsPassword ?? randomBytes(24).toString("base64url"),
    natsProgram,
    nodes: { ...Object.fromEntries(SERVICES.map((service) => [service, 1])), ...last?.nodes },
    gatewayPorts: [],
    adminGreeted: last?.adminGreeted ?? false,
  };
  const kept = last?.settings.PORT === settings.PORT ? last.gatewayPorts : [];
  const areFree = await Promise.all(kept.map((port) => !taken.has(port) && isFree(port)));
  return await withGatewayPorts({ ...cluster, gatewayPorts: kept.filter((_, index) => areFree[index]) });
}

/**
 * The cluster with a port for each gateway that is wanted: further ones get the next free ports after PORT.
 * @throws {Error} there is none left
 */
export async function withGatewayPorts(cluster: Cluster): Promise<Cluster> {
  const gatewayPorts = [...cluster.gatewayPorts];
  const further = (cluster.nodes["api-gateway"] ?? 1) - 1;
  while (gatewayPorts.length < further) {
    const taken = new Set([...Object.values(cluster.ports), ...gatewayPorts]);
    gatewayPorts.push(await nextFreePort(cluster.settings.PORT, taken));
  }
  return { ...cluster, gatewayPorts };
}

/** Settings as the environment variables that say the same. */
export function toEnvironment(settings: Partial<Settings>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
