import { mkdirSync } from "node:fs";
import { isAtLeast } from "../servers/find.ts";
import type { Cluster } from "./cluster.ts";
import { foldersOf, writePrivateFile } from "./folders.ts";

/** The oldest nats-server that can write each acknowledged message through to the disk; older ones refuse the option. */
const SYNCS_ALWAYS_SINCE = "2.10.0";

/**
 * The configuration of a cluster's own nats-server: loopback only, a password, JetStream in the cluster's folder.
 * @param version of the server, such as `2.10.27`
 */
export function natsConfig(
  { port, password, storeFolder }: { port: number; password: string; storeFolder: string },
  version: string,
): string {
  return [
    `listen: "127.0.0.1:${port}"`,
    `authorization { user: orders, password: ${JSON.stringify(password)} }`,
    "jetstream {",
    `  store_dir: ${JSON.stringify(storeFolder)}`,
    "  max_memory_store: 64MB",
    "  max_file_store: 8GB",
    ...(isAtLeast(version, SYNCS_ALWAYS_SINCE) ? ["  sync_interval: always"] : []),
    "}",
    "",
  ].join("\n");
}

/** Writes the configuration where the cluster's nats-server reads it. */
export function writeNatsConfig(cluster: Cluster, version: string): void {
  const folders = foldersOf(cluster.settings.DATA_DIR);
  mkdirSync(folders.nats, { recursive: true });
  const options = {
    port: cluster.ports.nats,
    password: cluster.natsPassword,
    storeFolder: folders.nats,
  };
  writePrivateFile(folders.natsConfig, natsConfig(options, version));
}
