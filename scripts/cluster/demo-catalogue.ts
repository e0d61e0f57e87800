import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CreateProduct } from "../../services/inventory/contract.ts";
import { ROOT } from "../command.ts";
import type { ShopClient } from "./shop-client.ts";

type NewProduct = Pick<
  import("zod").input<typeof CreateProduct>,
  "sku" | "name" | "description" | "price" | "onHand"
>;

interface ProductPage {
  readonly items: readonly { readonly sku: string }[];
}

/** What `make up` fills an empty catalogue with. */
export function demoProducts(): NewProduct[] {
  return JSON.parse(readFileSync(join(ROOT, "scripts/demo-catalogue.json"), "utf8"));
}

/**
 * Loads the demo products that are missing, unless the catalogue holds any other product.
 * @param shop a client with an operator's or admin's token
 * @returns how many were added
 * @throws {Error} a product was refused
 */
export async function loadDemoCatalogue(shop: ShopClient): Promise<number> {
  const products = demoProducts();
  const { body } = await shop.get<ProductPage>("/v1/products?limit=100");
  const present = new Set(body.items.map(({ sku }) => sku));
  const demo = new Set(products.map(({ sku }) => sku));
  if ([...present].some((sku) => !demo.has(sku))) return 0;
  const missing = products.filter(({ sku }) => !present.has(sku));
  for (const product of missing) {
    const { status } = await shop.post("/v1/products", product, { key: `demo-catalogue-${product.sku}` });
    if (status !== 201 && status !== 409) throw new Error(`Product ${product.sku} was refused (${status})`);
  }
  return missing.length;
}
