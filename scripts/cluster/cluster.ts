/** What a cluster keeps about itself from its first start on: settings in force, ports, counts. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { readSettings, type Settings } from "../../settings.ts";
import { foldersOf, writePrivateFile } from "./folders.ts";
import { isFree, pickFreePort } from "./ports.ts";

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
  return {
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
    adminGreeted: last?.adminGreeted ?? false,
  };
}

/** Settings as the environment variables that say the same. */
export function toEnvironment(settings: Partial<Settings>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
