/** A steady stream of requests against all gateways of a cluster, as it comes through a proxy. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { answersOk } from "../../scripts/cluster/readiness.ts";
import { type Answer, createShopClient } from "../../scripts/cluster/shop-client.ts";
import type { Order } from "../../services/orders/contract.ts";
import type { TestCluster } from "./cluster.ts";

const LOOK_EVERY_MS = 200;
const PASSWORD = "password-of-a-test";

/** One request of the load. */
export interface Sample {
  readonly what: "read product" | "read order" | "place order";
  /** Since the load began, in milliseconds. */
  readonly atMs: number;
  readonly tookMs: number;
  readonly gateway: string;
  /** The HTTP status and, when it is an error, the problem; or why there was no answer. */
  readonly outcome: string;
}

export interface LoadResult {
  readonly samples: readonly Sample[];
  readonly failed: readonly Sample[];
  /** Every order that was acknowledged. */
  readonly orders: readonly Order[];
}

export interface Load {
  /** What there was so far. */
  readonly samples: readonly Sample[];
  /** Sends no more, and waits for what is under way. */
  stop(): Promise<LoadResult>;
}

/** The access token of a new customer. */
export async function newCustomer(cluster: TestCluster): Promise<string> {
  const email = `load-${randomUUID()}@example.com`;
  await cluster.shop.post("/v1/auth/register", { email, password: PASSWORD, name: "Load" });
  const { body } = await cluster.shop.post<{ accessToken: string }>("/v1/auth/login", {
    email,
    password: PASSWORD,
  });
  return body.accessToken;
}

/**
 * Sends requests at a fixed rate, whatever becomes of those before: half read a product, a quarter an order, a
 * quarter place one. Like a proxy it asks gateways whether they are ready, and sends to those only.
 */
export async function startLoad(
  cluster: TestCluster,
  { sku, perSecond = 40 }: { sku: string; perSecond?: number },
): Promise<Load> {
  const token = await newCustomer(cluster);
  const startMs = performance.now();
  const samples: Sample[] = [];
  const orders: Order[] = [];
  const underWay = new Set<Promise<void>>();
  const proxy = createProxy(cluster);
  await proxy.look();
  let stopping = false;

  async function send(index: number): Promise<void> {
    const gateway = proxy.next();
    const shop = createShopClient(gateway, token);
    const last = orders.at(-1);
    const atMs = performance.now() - startMs;
    const what = index % 4 === 0 ? "place order" : index % 4 === 1 && last ? "read order" : "read product";
    const request = (): Promise<Answer<unknown>> => {
      if (what === "place order") return shop.post("/v1/orders", { items: [{ sku, quantity: 1 }] });
      return shop.get(what === "read order" ? `/v1/orders/${last?.id}` : `/v1/products/${sku}`);
    };
    const outcome = await request().then(
      ({ status, body }) => {
        if (status === 201) orders.push(body as Order);
        return status < 300 ? String(status) : `${status} ${JSON.stringify(body)}`;
      },
      (error: Error) => `${error.message} ${error.cause ?? ""}`,
    );
    samples.push({ what, atMs, tookMs: performance.now() - startMs - atMs, gateway, outcome });
  }

  const sending = (async () => {
    for (let index = 0; !stopping; index++) {
      const request = send(index).finally(() => underWay.delete(request));
      underWay.add(request);
      await delay(Math.max(0, ((index + 1) * 1_000) / perSecond - (performance.now() - startMs)));
    }
  })();
  const looking = (async () => {
    while (!stopping) {
      await delay(LOOK_EVERY_MS);
      await proxy.look();
    }
  })();

  return {
    samples,
    async stop() {
      stopping = true;
      await Promise.all([sending, looking]);
      await Promise.all(underWay);
      return { samples, failed: samples.filter(({ outcome }) => !/^20[01]$/.test(outcome)), orders };
    },
  };
}

/** Takes turns among the gateways that were ready when it last looked. */
function createProxy(cluster: TestCluster) {
  let ready: string[] = [];
  let turn = 0;
  return {
    async look(): Promise<void> {
      const gateways = cluster.gateways();
      const verdicts = await Promise.all(gateways.map((gateway) => answersOk(`${gateway}/readyz`)));
      ready = gateways.filter((_, index) => verdicts[index]);
    },
    next(): string {
      turn += 1;
      return ready[turn % ready.length] ?? cluster.url;
    },
  };
}
