/** Customers and operators: they repeat what they do not know the outcome of, with the same key, as api.md asks of clients. */
import { Errors } from "moleculer";
import type { Call, ParamsOf, ResultOf } from "../../contracts/define-contract.ts";
import type { Idempotency, User } from "../../contracts/shapes.ts";
import { callService } from "../../mixins/calls.ts";
import { createIdempotency } from "../../mixins/idempotency/idempotency.ts";
import { inventory, type UpdateProduct } from "../../services/inventory/contract.ts";
import { createProducts } from "../../services/inventory/repositories/products.ts";
import { type Order, orders } from "../../services/orders/contract.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import type { Cluster } from "./cluster.ts";
import { outsider, type World } from "./world.ts";

export type Answer<T> =
  | { readonly done: true; readonly result: T; readonly replayed: boolean }
  | { readonly done: false; readonly refusal: string };

const user = (digit: string, role: User["roles"][number]): User => ({
  id: `usr_${digit.repeat(32)}`,
  email: `${role}-${digit}@example.com`,
  name: `${role} ${digit}`,
  roles: [role],
});
export const customers = [user("a", "customer"), user("b", "customer")] as const;
export const operator = user("c", "operator");

export type OrderRequest = ParamsOf<typeof orders.calls.place>["order"];

/** What people were told; the system must stand by it. */
export interface Told {
  /** By order id: the order's key. */
  readonly acknowledged: Map<string, string>;
  readonly cancelled: Set<string>;
  readonly returned: Set<string>;
  /** What was told wrong. */
  readonly lies: string[];
}

export type Shop = ReturnType<typeof createShop>;

export function createShop({ time, random }: World, cluster: Cluster) {
  const told: Told = { acknowledged: new Map(), cancelled: new Set(), returned: new Set(), lies: [] };
  let requests = 0;

  async function callOnce<C extends Call>(
    who: User,
    contractCall: C,
    params: ParamsOf<C>,
  ): Promise<ResultOf<C>> {
    requests += 1;
    const origin = { requestID: `request-${requests}`, meta: { user: who } };
    const caller = {
      call: (action: string, given: unknown) => cluster.call(outsider(who.name), action, given, origin),
    };
    return callService(caller, contractCall, params);
  }

  /** Only an answer ends it; a time-out or a 503 is none. */
  async function untilKnown<C extends Call>(
    who: User,
    contractCall: C,
    params: ParamsOf<C>,
  ): Promise<Answer<ResultOf<C>>> {
    for (;;) {
      try {
        const result = (await callOnce(who, contractCall, params)) as ResultOf<C>;
        return { done: true, result, replayed: (result as { replayed?: boolean }).replayed ?? false };
      } catch (error) {
        if (error instanceof Errors.MoleculerClientError) return { done: false, refusal: error.type };
        await time.sleep(random.scaled(100, 3_000));
      }
    }
  }

  function keyFor(who: User, path: string, key: string, body: unknown): Idempotency {
    return { key: `${who.id}:POST:${path}:${key}`, fingerprint: digestOf(body) };
  }

  function check(claim: boolean, lie: string): void {
    if (!claim) told.lies.push(lie);
  }

  return {
    told,

    /** Puts products on the shelf before anything begins. */
    async open(products: readonly { sku: string; onHand: number; amount: number }[]): Promise<void> {
      const store = createMemoryStore(cluster.databaseOf("inventory"));
      await store.connect();
      const keys = createIdempotency({ store });
      for (const { sku, onHand, amount } of products)
        await createProducts({ store }).add(
          { sku, name: sku, description: "", price: { amount, currency: "EUR" }, onHand },
          keys.remember({ key: sku, fingerprint: digestOf(sku) }, sku, time.clock()),
          time.clock(),
        );
    },

    async place(who: User, key: string, order: OrderRequest): Promise<Answer<Order>> {
      const answer = await untilKnown(who, orders.calls.place, {
        order,
        idempotency: keyFor(who, "/v1/orders", key, order),
      });
      if (!answer.done) return answer;
      const placed = answer.result.order;
      const other = [...told.acknowledged].find(
        ([id, known]) => known === `${who.id} ${key}` && id !== placed.id,
      );
      check(!other, `the key ${key} was answered with two orders`);
      told.acknowledged.set(placed.id, `${who.id} ${key}`);
      check(isSame(placed.items, order.items), `the order ${placed.id} is not the one that was asked for`);
      return { ...answer, result: placed };
    },

    async cancel(who: User, orderId: string, key: string): Promise<Answer<Order>> {
      const idempotency = keyFor(who, `/v1/orders/${orderId}/cancel`, key, {});
      const answer = await untilKnown(who, orders.calls.cancel, { orderId, idempotency });
      if (!answer.done) return answer;
      const { order } = answer.result;
      check(maySee(who, order), `${who.name} has cancelled ${orderId}, which is somebody else's`);
      check(order.status === "cancelled", `a cancel of ${orderId} was answered with ${order.status}`);
      told.cancelled.add(orderId);
      return { ...answer, result: order };
    },

    async return(who: User, orderId: string, key: string): Promise<Answer<Order>> {
      const idempotency = keyFor(who, `/v1/orders/${orderId}/return`, key, {});
      const answer = await untilKnown(who, orders.calls.return, { orderId, idempotency });
      if (!answer.done) return answer;
      const { order } = answer.result;
      check(order.status === "returned", `a return of ${orderId} was answered with ${order.status}`);
      told.returned.add(orderId);
      return { ...answer, result: order };
    },

    async get(who: User, orderId: string): Promise<Answer<Order>> {
      const answer = await untilKnown(who, orders.calls.get, { orderId });
      check(
        !answer.done || maySee(who, answer.result),
        `${who.name} has seen ${orderId}, which is somebody else's`,
      );
      return answer;
    },

    /** The job that ends what was held too long, one run of it. */
    async expireOverdue(): Promise<void> {
      const overdue = await untilKnown(operator, inventory.calls.listExpired, { limit: 10 });
      for (const orderId of overdue.done ? overdue.result.orderIds : [])
        await untilKnown(operator, orders.calls.expire, { orderId });
    },

    change: (sku: string, key: string, change: UpdateProduct) =>
      untilKnown(operator, inventory.calls.updateProduct, {
        sku,
        change,
        idempotency: keyFor(operator, `/v1/products/${sku}`, key, change),
      }),

    receive: (sku: string, key: string, quantity: number) =>
      untilKnown(operator, inventory.calls.receiveStock, {
        sku,
        receipt: { quantity },
        idempotency: keyFor(operator, `/v1/products/${sku}/receipts`, key, quantity),
      }),
  };
}

function isSame(items: Order["items"], asked: OrderRequest["items"]): boolean {
  return (
    items.length === asked.length &&
    items.every(
      ({ sku, quantity }, index) => asked[index]?.sku === sku && asked[index]?.quantity === quantity,
    )
  );
}

function maySee(who: User, { customer }: Order): boolean {
  return who === operator || customer.id === who.id;
}

/** Stands for the gateway's digest: the same body, the same text. */
function digestOf(body: unknown): string {
  let hash = 7;
  for (const character of JSON.stringify(body)) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0;
  return String(hash >>> 0).padStart(64, "0");
}
