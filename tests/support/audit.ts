/** Reads what a cluster has stored and told, and checks that it adds up, order by order. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Order } from "../../services/orders/contract.ts";
import type { TestCluster } from "./cluster.ts";

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

/** What mails an order gets on its way to each end. */
const MAILS: Record<string, readonly string[]> = {
  fulfilled: ["confirmed", "fulfilled", "placed"],
  rejected: ["placed", "rejected"],
};

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

/** Everything that is wrong with one ended order's money and mails. */
export function orderFaults(cluster: TestCluster, { id, status }: Pick<Order, "id" | "status">): string[] {
  const effects = cluster.ledger(id).filter(({ outcome }) => outcome === "succeeded");
  const count = (kind: string) => effects.filter((line) => line.kind === kind).length;
  const isPaid = status === "fulfilled";
  const faults: string[] = [];
  if (count("capture") !== (isPaid ? 1 : 0))
    faults.push(`${id} is ${status} with ${count("capture")} captures`);
  if (count("authorize") > 1) faults.push(`${id} has ${count("authorize")} authorizations`);
  if (count("authorize") !== count("capture") + count("void"))
    faults.push(`${id} has an authorization left open`);
  const mails = mailsOf(cluster, id);
  if (String(mails) !== String(MAILS[status])) faults.push(`${id} is ${status} with the mails ${mails}`);
  return faults;
}

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
