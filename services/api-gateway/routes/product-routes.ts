import { z } from "zod";
import { pageOf, Sku } from "../../../contracts/shapes.ts";
import { callService } from "../../../mixins/calls.ts";
import {
  CreateProduct,
  inventory,
  Product,
  ReceiveStock,
  StockMovement,
  UpdateProduct,
} from "../../inventory/contract.ts";
import { PageQuery } from "./query-parameters.ts";
import { defineRoute, type Route } from "./route.ts";

const tag = "products";
const BySku = z.strictObject({ sku: Sku });

/** A product as clients see it. */
const PublicProduct = Product.omit({ version: true });

function publicProduct({ version: _, ...product }: Product): z.output<typeof PublicProduct> {
  return product;
}

const pathOf = (sku: string) => `/v1/products/${sku}`;

export const productRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/v1/products",
    tag,
    summary: "The catalogue, newest first.",
    who: "anyone",
    query: z.strictObject({
      q: z.string().max(100).optional().meta({ description: "Words to look for." }),
      ...PageQuery,
    }),
    answer: { status: 200, description: "A page of products.", schema: pageOf(PublicProduct) },
    problems: ["bad-cursor"],
    etag: true,
    cacheControl: "no-cache",
    async handle({ query, caller }) {
      const page = await callService(caller, inventory.calls.listProducts, query);
      return { body: { ...page, items: page.items.map(publicProduct) } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/v1/products/:sku",
    tag,
    summary: "One product.",
    who: "anyone",
    params: BySku,
    answer: { status: 200, description: "The product.", schema: PublicProduct },
    problems: ["not-found"],
    etag: true,
    cacheControl: "no-cache",
    async handle({ params, caller }) {
      return { body: publicProduct(await callService(caller, inventory.calls.getProduct, params)) };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/products",
    tag,
    summary: "Adds a product to the catalogue.",
    who: "operator",
    body: CreateProduct,
    takesIdempotencyKey: true,
    answer: { status: 201, description: "The new product.", schema: PublicProduct },
    problems: ["sku-taken"],
    async handle({ body, idempotency, caller }) {
      const { product, replayed } = await callService(caller, inventory.calls.createProduct, {
        product: body,
        idempotency,
      });
      return { body: publicProduct(product), location: pathOf(product.sku), replayed };
    },
  }),
  defineRoute({
    method: "PATCH",
    path: "/v1/products/:sku",
    tag,
    summary: "Changes a product's name, description or price.",
    who: "operator",
    params: BySku,
    body: UpdateProduct,
    takesIdempotencyKey: true,
    answer: { status: 200, description: "The product after the change.", schema: PublicProduct },
    problems: ["not-found"],
    async handle({ params, body, idempotency, caller }) {
      const { product, replayed } = await callService(caller, inventory.calls.updateProduct, {
        ...params,
        change: body,
        idempotency,
      });
      return { body: publicProduct(product), replayed };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/products/:sku/receipts",
    tag,
    summary: "Books stock that was received.",
    who: "operator",
    params: BySku,
    body: ReceiveStock,
    takesIdempotencyKey: true,
    answer: { status: 201, description: "The stock movement.", schema: StockMovement },
    problems: ["not-found"],
    async handle({ params, body, idempotency, caller }) {
      const { movement, replayed } = await callService(caller, inventory.calls.receiveStock, {
        ...params,
        receipt: body,
        idempotency,
      });
      return { body: movement, location: `${pathOf(params.sku)}/movements`, replayed };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/v1/products/:sku/movements",
    tag,
    summary: "The stock ledger of one product, newest first.",
    who: "operator",
    params: BySku,
    query: z.strictObject(PageQuery),
    answer: { status: 200, description: "A page of stock movements.", schema: pageOf(StockMovement) },
    problems: ["not-found", "bad-cursor"],
    async handle({ params, query, caller }) {
      return { body: await callService(caller, inventory.calls.listMovements, { ...params, ...query }) };
    },
  }),
];
