/** Reads what a cluster has stored and told, and checks that it adds up, order by order. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Order } from "../../services/orders/contract.ts";
import { type TestCluster, until, waitForOrder } from "./cluster.ts";

interface Level {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
}
interface Movement {
  readonly sku: string;
  readonly onHandDelta: number;
  readonly reservedDelta: number;
}

/** The templates of an order's mails, each distinct Message-ID once, sorted. */
export function mailsOf(cluster: TestCluster, orderId: string): string[] {
  const ids = cluster
    .mails(orderId)
    .map((mail) => /Message-ID:\s+<ord_[0-9a-f]+\.(\w+)@/i.exec(mail)?.[1] ?? "?");
  return [...new Set(ids)].sort();
}

/** Everything that is wrong with stock: levels that differ from the sum of their movements, or that were oversold. */
export function stockFaults(cluster: TestCluster): string[] {
  const levels = documents<Level>(cluster, "inventory", "stock");
  const movements = documents<Movement>(cluster, "inventory", "movements");
  return levels.flatMap(({ sku, onHand, reserved, available }) => {
    const own = movements.filter((movement) => movement.sku === sku);
    const sum = (field: "onHandDelta" | "reservedDelta") => own.reduce((total, row) => total + row[field], 0);
    const isRight =
      onHand === sum("onHandDelta") &&
      reserved === sum("reservedDelta") &&
      available === onHand - reserved &&
      available >= 0;
    return isRight
      ? []
      : [`${sku}: ${JSON.stringify({ onHand, reserved, available })} is not the sum of its movements`];
  });
}

/** The mails that an order should have got: one for each state that it has been in. */
export function mailsDue({ history }: Pick<Order, "history">): string[] {
  return history.map(({ status }) => status).sort();
}

/** Everything that is wrong with one ended order's money and mails. */
export function orderFaults(cluster: TestCluster, order: Order): string[] {
  const { id, status } = order;
  const effects = cluster.ledger(id).filter(({ outcome }) => outcome === "succeeded");
  const count = (kind: string) => effects.filter((line) => line.kind === kind).length;
  const [authorized, captured, voided, refunded] = ["authorize", "capture", "void", "refund"].map(
    count,
  ) as Counts;
  const faults: string[] = [];
  if (authorized > 1) faults.push(`${id} has ${authorized} authorizations`);
  if (authorized !== captured + voided) faults.push(`${id} is ${status} with an authorization left open`);
  if (captured - refunded !== (status === "fulfilled" ? 1 : 0)) {
    faults.push(`${id} is ${status} with ${captured} captures and ${refunded} refunds`);
  }
  const mails = mailsOf(cluster, id);
  if (String(mails) !== String(mailsDue(order))) faults.push(`${id} is ${status} with the mails ${mails}`);
  return faults;
}

type Counts = [authorized: number, captured: number, voided: number, refunded: number];

/** All documents of a collection, read from the service's own file. */
function documents<T>({ dataDir }: TestCluster, service: string, collection: string): T[] {
  const database = new DatabaseSync(join(dataDir, `${service}.sqlite`), { readOnly: true, timeout: 5_000 });
  try {
    return database
      .prepare(`SELECT doc FROM "${collection}"`)
      .all()
      .map(({ doc }) => JSON.parse(doc as string) as T);
  } finally {
    database.close();
  }
}

/**
 * Waits until all orders are fulfilled and told, and expects that money, mails and stock add up.
 * @throws {Error} they don't within a minute
 */
export async function expectAllFulfilled(cluster: TestCluster, orders: readonly Order[]): Promise<void> {
  const shop = await cluster.admin();
  const ended: Order[] = [];
  for (const { id } of orders) ended.push(await waitForOrder(shop, id, "fulfilled", 60_000));
  const faults = () => {
    const seen = snapshotOf(cluster);
    return [...ended.flatMap((order) => orderFaults(seen, order)), ...stockFaults(cluster)];
  };
  await until(
    "everything adds up",
    () => {
      const found = faults();
      return found.length === 0 || found.slice(0, 5).join("\n");
    },
    30_000,
  );
}

/** The cluster as it is now, with its ledger and mails read once instead of for each order. */
function snapshotOf(cluster: TestCluster): TestCluster {
  const ledger = Map.groupBy(cluster.ledger(), ({ orderId }) => orderId);
  const mails = Map.groupBy(cluster.mails(), (mail) => /Message-ID:\s+<(ord_[0-9a-f]+)\./i.exec(mail)?.[1]);
  return {
    ...cluster,
    ledger: (orderId) => ledger.get(orderId ?? "") ?? [],
    mails: (orderId) => mails.get(orderId ?? "") ?? [],
  };
}
