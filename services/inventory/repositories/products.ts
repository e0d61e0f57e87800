import { newId } from "../../../contracts/ids.ts";
import {
  CommitConflict,
  collection,
  insert,
  replace,
  type Store,
  type Write,
} from "../../../mixins/persistence/store.ts";
import type { CreateProduct, Product, UpdateProduct } from "../contract.ts";
import { ProductNotFound, SkuTaken } from "../domain/errors.ts";
import { moveStock } from "../domain/stock.ts";
import { addToLedger, plainMovement } from "./movements.ts";
import { findPage, type PageRequest } from "./page.ts";
import { availabilityOf, openStock } from "./stock.ts";

type ProductRow = Omit<Product, "available"> & { readonly position: string };

/** The catalogue. What is available stands apart, because it changes with every order. */
export const productRows = collection<ProductRow>({
  name: "products",
  key: "sku",
  fields: { position: "text" },
  indexes: [["position"]],
});

export type Products = ReturnType<typeof createProducts>;

/** The catalogue with what is available of each product. */
export function createProducts({ store }: { store: Pick<Store, "get" | "find" | "commit"> }) {
  async function withAvailable(rows: readonly ProductRow[]): Promise<Product[]> {
    const availability = await availabilityOf(
      store,
      rows.map(({ sku }) => sku),
    );
    return rows.map(({ position: _, ...product }) => ({
      ...product,
      available: availability.get(product.sku) ?? 0,
    }));
  }

  async function getRow(sku: string): Promise<ProductRow> {
    const row = await store.get(productRows, sku);
    if (!row) throw new ProductNotFound(sku);
    return row;
  }

  async function get(sku: string): Promise<Product> {
    const [product] = await withAvailable([await getRow(sku)]);
    return product as Product;
  }

  return {
    /** @throws {ProductNotFound} */
    get,

    /** Those of the products that exist, in the order asked for. */
    async findAll(skus: readonly string[]): Promise<Product[]> {
      const rows = await Promise.all(skus.map((sku) => store.get(productRows, sku)));
      return withAvailable(rows.filter((row) => row !== undefined));
    },

    /** @param q a part of the sku or name, whatever its case */
    async list({ q, ...page }: PageRequest & { q?: string | undefined }) {
      const { items, nextCursor } = await findPage(store, productRows, {
        ...page,
        ...(q ? { matches: containing(q) } : {}),
      });
      return { items: await withAvailable(items), nextCursor };
    },

    /**
     * Adds a product with its first stock.
     * @param bound a write that belongs to the same batch
     * @throws {SkuTaken}
     */
    async add({ onHand, ...product }: CreateProduct, bound: Write, nowMs: number): Promise<Product> {
      const row: ProductRow = { ...product, version: 1, position: newId("prd", nowMs) };
      const receipts = onHand > 0 ? [moveStock("receipt", { sku: product.sku, quantity: onHand })] : [];
      try {
        await store.commit([
          insert(productRows, row),
          openStock(product.sku, receipts),
          ...receipts.map((receipt) => addToLedger(plainMovement(receipt, nowMs))),
          bound,
        ]);
      } catch (error) {
        if (error instanceof CommitConflict && error.write.collection.name === productRows.name)
          throw new SkuTaken(product.sku);
        throw error;
      }
      return { ...product, version: 1, available: onHand };
    },

    /**
     * Changes what a product is called and costs.
     * @param bound a write that belongs to the same batch
     * @throws {ProductNotFound}
     * @throws {CommitConflict} somebody else was faster
     */
    async change(sku: string, change: UpdateProduct, bound: Write): Promise<Product> {
      const row = await getRow(sku);
      const { version } = row;
      const changed: ProductRow = {
        ...row,
        name: change.name ?? row.name,
        description: change.description ?? row.description,
        price: change.price ?? row.price,
        version: version + 1,
      };
      await store.commit([replace(productRows, changed, { version }), bound]);
      return get(sku);
    },
  };
}

function containing(q: string): (row: ProductRow) => boolean {
  const part = q.toLowerCase();
  return ({ sku, name }) => sku.toLowerCase().includes(part) || name.toLowerCase().includes(part);
}
