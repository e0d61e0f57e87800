import { randomBytes, randomUUID } from "node:crypto";
import type { Answer, ShopClient } from "../../scripts/cluster/shop-client.ts";
import type { Order } from "../../services/orders/contract.ts";
import { type TestCluster, untilAnswered } from "./cluster.ts";

interface OrderBody {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly paymentMethod?: string;
}

/** Places an order over HTTP; the same key again is the same order. */
export function placeOrder(
  shop: ShopClient,
  body: OrderBody,
  key: string = randomUUID(),
): Promise<Answer<Order>> {
  return shop.post<Order>("/v1/orders", body, { key });
}

/** Creates a product of its own for a test; answers its sku. */
export async function productWith(
  cluster: TestCluster,
  { onHand, price = 450, currency = "EUR" }: { onHand: number; price?: number; currency?: string },
): Promise<string> {
  const sku = `T-${randomBytes(6).toString("hex").toUpperCase()}`;
  const admin = await cluster.admin();
  const product = { sku, name: "A product", price: { amount: price, currency }, onHand };
  await untilAnswered(() => admin.post("/v1/products", product, { key: sku }), [201]);
  return sku;
}

/** What can be ordered of a product now. */
export async function availableOf(cluster: TestCluster, sku: string): Promise<number> {
  return (await cluster.shop.get<{ available: number }>(`/v1/products/${sku}`)).body.available;
}
