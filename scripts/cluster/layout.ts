/** The one table of what a cluster is made of: a process each. */
import { join } from "node:path";
import { settingsSchema } from "../../settings.ts";
import { type Cluster, toEnvironment } from "./cluster.ts";
import { foldersOf } from "./folders.ts";

/**
 * What a process is for. They are stopped in this order: the supervisor first, so that it starts none again, then
 * so that nothing loses what it stands on.
 */
export const ROLES = ["supervisor", "gateway", "node", "sandbox", "server"] as const;
export type Role = (typeof ROLES)[number];

/** One process of a cluster. */
export interface Part {
  /** Unique in the cluster; names its log file. */
  readonly name: string;
  readonly role: Role;
  readonly command: string;
  readonly args: readonly string[];
  /** Settings that the process gets on top of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Loopback ports that accept connections once it is ready. */
  readonly ports: readonly number[];
  /** The Moleculer services that it hosts, once it is ready. */
  readonly services: readonly string[];
  /** Answers 200 once it is ready. */
  readonly readyUrl?: string;
}

/** Addresses of a cluster's surroundings: given by a setting, or its own. */
export function addressesOf({ settings, ports, natsPassword, nodes, gatewayPorts }: Cluster) {
  const further = gatewayPorts.slice(0, (nodes["api-gateway"] ?? 1) - 1);
  const gateways = [settings.PORT, ...further].map((port) => `http://127.0.0.1:${port}`);
  return {
    gateway: `http://127.0.0.1:${settings.PORT}`,
    /** Of all gateways, the first one's first. */
    gateways,
    nats: settings.NATS_URL ?? `nats://orders:${natsPassword}@127.0.0.1:${ports.nats}`,
    payment: settings.PAYMENT_URL ?? `http://127.0.0.1:${ports.payment}`,
    smtp: settings.SMTP_URL ?? `smtp://127.0.0.1:${ports.smtp}`,
    mailPage: settings.SMTP_URL ? undefined : `http://127.0.0.1:${ports.mailPage}`,
  };
}

/** All parts of a cluster, servers first. */
export function partsOf(cluster: Cluster): Part[] {
  return [...surroundingsOf(cluster), ...nodesOf(cluster)];
}

/** What stands around the nodes: the servers and sandboxes that no setting replaces. */
export function surroundingsOf(cluster: Cluster): Part[] {
  const { settings, ports } = cluster;
  const folders = foldersOf(settings.DATA_DIR);
  const { LOG_LEVEL, NODE_ENV } = settings;
  const sandbox = (name: string, args: readonly string[], listens: readonly number[]): Part => ({
    name,
    role: "sandbox",
    command: process.execPath,
    args: [`sandbox/${name}/main.ts`, ...args],
    environment: { LOG_LEVEL, NODE_ENV },
    ports: listens,
    services: [],
  });
  const parts: (Part | false)[] = [
    !settings.NATS_URL && {
      name: "nats-server",
      role: "server",
      command: cluster.natsProgram ?? "nats-server",
      args: ["-c", folders.natsConfig],
      environment: {},
      ports: [ports.nats],
      services: [],
    },
    !settings.PAYMENT_URL &&
      sandbox(
        "payment-provider",
        ["--port", String(ports.payment), "--data", folders.payments],
        [ports.payment],
      ),
    !settings.SMTP_URL &&
      sandbox(
        "mail-sink",
        ["--smtp-port", String(ports.smtp), "--http-port", String(ports.mailPage), "--data", folders.mail],
        [ports.smtp, ports.mailPage],
      ),
  ];
  return parts.filter((part) => part !== false);
}

/** The Moleculer nodes, one service each. */
function nodesOf(cluster: Cluster): Part[] {
  return Object.entries(cluster.nodes).flatMap(([service, count]) =>
    Array.from({ length: count }, (_, index) => nodeOf(cluster, service, index)),
  );
}

function nodeOf(cluster: Cluster, service: string, index: number): Part {
  const gateway = service === "api-gateway" ? addressesOf(cluster).gateways[index] : undefined;
  const name = `${service}-${index + 1}`;
  return {
    name,
    role: gateway ? "gateway" : "node",
    command: process.execPath,
    args: ["scripts/node.ts", join("services", service), "--id", name],
    environment: { ...nodeEnvironment(cluster), ...(gateway ? { PORT: new URL(gateway).port } : {}) },
    ports: [],
    services: [service],
    ...(gateway ? { readyUrl: `${gateway}/readyz` } : {}),
  };
}

/** The settings of every node. */
export function nodeEnvironment(cluster: Cluster): Record<string, string> {
  const { nats, payment, smtp } = addressesOf(cluster);
  const { ADMIN_PASSWORD: _, ...settings } = cluster.settings;
  return { ...toEnvironment(settings), NATS_URL: nats, PAYMENT_URL: payment, SMTP_URL: smtp };
}

/** An environment without our settings, so that a part gets only those that its cluster gives it. */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = Object.keys(settingsSchema.shape);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
}
