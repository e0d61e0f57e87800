import { type Page, readPage } from "../../../mixins/persistence/page.ts";
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
import { searchPage } from "./product-search.ts";
import { availabilityOf, openStock } from "./stock.ts";

type ProductRow = Omit<Product, "available"> & {
  /** Unix time in milliseconds. */
  readonly createdAt: number;
};

/** The catalogue. What is available stands apart, because it changes with every order. */
export const productRows = collection<ProductRow>({
  name: "products",
  key: "sku",
  fields: { createdAt: "number" },
  indexes: [["createdAt"]],
});

export type Products = ReturnType<typeof createProducts>;

/** The catalogue with what is available of each product. */
export function createProducts({ store }: { store: Pick<Store, "get" | "find" | "commit"> }) {
  async function withAvailable(rows: readonly ProductRow[]): Promise<Product[]> {
    const availability = await availabilityOf(
      store,
      rows.map(({ sku }) => sku),
    );
    return rows.map(({ createdAt: _, ...product }) => ({
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

    /**
     * The catalogue, newest first.
     * @param q a part of the sku or name, whatever its case
     */
    async list({
      q,
      limit,
      cursor,
    }: {
      q?: string | undefined;
      limit: number;
      cursor?: string | undefined;
    }): Promise<Page<Product>> {
      const page = { by: "createdAt", limit, cursor };
      const { items, nextCursor } = q
        ? await searchPage(store, productRows, { q, ...page })
        : await readPage(store, productRows, page);
      return { items: await withAvailable(items), nextCursor };
    },

    /**
     * Adds a product with its first stock.
     * @param bound a write that belongs to the same batch
     * @throws {SkuTaken}
     */
    async add({ onHand, ...product }: CreateProduct, bound: Write, nowMs: number): Promise<Product> {
      const row: ProductRow = { ...product, version: 1, createdAt: nowMs };
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
