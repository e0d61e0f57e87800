import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CannotDo, ROOT } from "../command.ts";
import { forgetAdminPassword, readAdminPassword } from "./admin-password.ts";
import { type Cluster, saveCluster } from "./cluster.ts";
import { loadDemoCatalogue } from "./demo-catalogue.ts";
import { foldersOf } from "./folders.ts";
import { addressesOf } from "./layout.ts";
import { createShopClient, type ShopClient } from "./shop-client.ts";

const TRIES = 5;
const RETRY_MS = 500;
const NEXT = ["demo", "status", "logs", "down"];

/**
 * The end of `make up`: fills an empty catalogue, and prints where everything is and, once in the cluster's life,
 * the admin's password if it was made up.
 * @throws {CannotDo} the cluster runs, but the admin cannot sign in or load the catalogue; the password stays kept
 */
export async function welcome(
  cluster: Cluster,
  { adminPassword, startedAtMs }: { adminPassword: string | undefined; startedAtMs: number },
): Promise<void> {
  const madeUp = adminPassword ? undefined : readAdminPassword(cluster.settings.DATA_DIR);
  const password = adminPassword ?? madeUp;
  const admin = password ? await signIn(cluster, password) : undefined;
  const added = admin ? await loadCatalogue(admin) : 0;
  const took = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`\nThe cluster is ready (${took} s)${added > 0 ? `, with ${added} demo products` : ""}.\n`);
  for (const [what, where] of placesOf(cluster)) console.log(`  ${what.padEnd(10)} ${where}`);
  console.log(
    `  ${"Admin".padEnd(10)} ${describeAdmin(cluster, { madeUp, password, isIn: Boolean(admin) })}`,
  );
  console.log(
    `\nNext: ${NEXT.map((name) => commandFor(cluster, name)).join(", ")}; \`make help\` tells all.`,
  );
  saveCluster({ ...cluster, adminGreeted: true });
  forgetAdminPassword(cluster.settings.DATA_DIR);
}

/** Commands find a cluster by its DATA_DIR. */
function commandFor({ settings }: Cluster, name: string): string {
  const isDefault = settings.DATA_DIR === join(ROOT, "data");
  return `\`${isDefault ? "" : `DATA_DIR=${settings.DATA_DIR} `}make ${name}\``;
}

function placesOf(cluster: Cluster): [string, string][] {
  const { settings } = cluster;
  const { gateways, mailPage, smtp, payment } = addressesOf(cluster);
  const folders = foldersOf(settings.DATA_DIR);
  return [
    ...gateways.map((gateway): [string, string] => ["Gateway", gateway]),
    ["Mails", mailPage ?? withoutCredentials(smtp)],
    ["Payments", settings.PAYMENT_URL ? withoutCredentials(payment) : `${folders.payments}/ledger.jsonl`],
    ["Logs", folders.logs],
    ["Data", settings.DATA_DIR],
  ];
}

function describeAdmin(
  { settings }: Cluster,
  { madeUp, password, isIn }: { madeUp: string | undefined; password: string | undefined; isIn: boolean },
): string {
  if (madeUp && isIn) return `${settings.ADMIN_EMAIL}, password ${madeUp} (shown this once)`;
  if (password && !isIn && !madeUp)
    return `${settings.ADMIN_EMAIL} (has another password than ADMIN_PASSWORD, from an earlier start)`;
  return settings.ADMIN_EMAIL;
}

/**
 * A client with the first admin's token; undefined when the password is not the admin's.
 * @throws {CannotDo} nobody can tell now
 */
async function signIn(cluster: Cluster, password: string): Promise<ShopClient | undefined> {
  const shop = createShopClient(addressesOf(cluster).gateway);
  const { status, body } = await untilAnswered(() =>
    shop.post<{ accessToken: string }>("/v1/auth/login", { email: cluster.settings.ADMIN_EMAIL, password }),
  );
  if (status === 401) return undefined;
  if (status === 200) return shop.as(body.accessToken);
  throw new CannotDo(`The cluster runs, but the admin cannot sign in (${status}). Try \`make up\` again.`);
}

async function loadCatalogue(admin: ShopClient): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await loadDemoCatalogue(admin);
    } catch (error) {
      if (tries === TRIES)
        throw new CannotDo(
          `The cluster runs, but the demo catalogue could not be loaded: ${(error as Error).message}. Try \`make up\` again.`,
        );
      await delay(RETRY_MS);
    }
  }
}

/** A cluster that has just become ready may still answer 503 to the first requests. */
async function untilAnswered<T extends { status: number }>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (answer.status < 500 || tries === TRIES) return answer;
    await delay(RETRY_MS);
  }
}

function withoutCredentials(address: string): string {
  const url = new URL(address);
  url.username = "";
  url.password = "";
  return url.href;
}
