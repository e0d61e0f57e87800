import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import type { Money } from "../../contracts/shapes.ts";
import type { Product } from "../../services/inventory/contract.ts";
import type { Order, PlaceOrder } from "../../services/orders/contract.ts";
import type { Answer, ShopClient } from "../cluster/shop-client.ts";
import { CannotDo } from "../command.ts";

/** Asked often at first, to see each step, then less, to stay far below the limit of requests. */
const POLL_MS = { first: 40, longest: 1_000, growth: 1.2 };
const TERMINAL: readonly string[] = ["fulfilled", "rejected", "cancelled"];
const TERMINAL_WITHIN_MS = 30_000;

/** Registers a customer and answers a client that acts for them. */
export async function signUp(shop: ShopClient, email: string): Promise<ShopClient> {
  const password = "demo-password";
  await answered(shop.post("/v1/auth/register", { email, password, name: "Demo Customer" }), 201);
  const { body } = await answered(
    shop.post<{ accessToken: string }>("/v1/auth/login", { email, password }),
    200,
  );
  return shop.as(body.accessToken);
}

export async function listProducts(shop: ShopClient): Promise<Product[]> {
  const { body } = await answered(shop.get<{ items: Product[] }>("/v1/products?limit=100"), 200);
  return body.items;
}

/** Places an order; answers whatever the cluster says. */
export async function placeOrder(
  shop: ShopClient,
  order: z.input<typeof PlaceOrder>,
  options?: { key?: string },
): Promise<Answer<Order>> {
  return await shop.post<Order>("/v1/orders", order, options);
}

/** Tells each state of an order when it gets there, and answers the order at its end. */
export async function watchOrder(
  shop: ShopClient,
  orderId: string,
  tell: (line: string) => void,
): Promise<Order> {
  const deadline = Date.now() + TERMINAL_WITHIN_MS;
  let told = 0;
  for (let waitMs = POLL_MS.first; ; waitMs = Math.min(waitMs * POLL_MS.growth, POLL_MS.longest)) {
    const { body: order } = await answered(shop.get<Order>(`/v1/orders/${orderId}`), 200);
    for (const { status, at, reason } of order.history.slice(told)) {
      const seconds = ((Date.parse(at) - Date.parse(order.createdAt)) / 1000).toFixed(2);
      tell(`${seconds.padStart(5)} s  ${status.padEnd(10)} ${reason ?? MEANINGS[status] ?? ""}`);
    }
    told = order.history.length;
    if (TERMINAL.includes(order.status)) return order;
    if (Date.now() > deadline) throw new CannotDo(`The order ${orderId} is still ${order.status}.`);
    await delay(waitMs);
  }
}

/** How much of each product can be ordered now. */
export async function stockOf(shop: ShopClient, skus: readonly string[]): Promise<Map<string, number>> {
  const products = await Promise.all(
    skus.map(async (sku) => (await answered(shop.get<Product>(`/v1/products/${sku}`), 200)).body),
  );
  return new Map(products.map(({ sku, available }) => [sku, available]));
}

export function formatMoney({ amount, currency }: Money): string {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(amount / 100);
}

const MEANINGS: Readonly<Record<string, string>> = {
  placed: "the order is stored, its event is on its way",
  confirmed: "stock is held, the payment is authorized",
  fulfilled: "the payment is captured, the stock is shipped",
};

async function answered<T>(answer: Promise<Answer<T>>, expected: number): Promise<Answer<T>> {
  const given = await answer;
  if (given.status === expected) return given;
  throw new CannotDo(`The gateway answered ${given.status}: ${JSON.stringify(given.body)}.`);
}
