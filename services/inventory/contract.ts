/** What inventory takes and tells. The only file of inventory that other services may import. */
import { z } from "zod";
import { call, defineContract, event } from "../../contracts/define-contract.ts";
import {
  Idempotency,
  Money,
  OneLine,
  OrderId,
  PageParams,
  Price,
  pageOf,
  Quantity,
  ReservationId,
  Sku,
  Timestamp,
} from "../../contracts/shapes.ts";

const StockQuantity = z.int().min(0).max(1_000_000_000);
/** Receipts may add up to more than a product can start with. */
const StockLevel = z.int().min(0);
const ProductName = z.string();
const NewProductName = OneLine.min(1).max(200);
const Description = z.string().max(5000);

/** A product with what can be ordered of it now. */
export const Product = z.strictObject({
  sku: Sku,
  name: ProductName,
  description: Description,
  price: Money,
  available: StockLevel,
  version: z.int().min(1),
});
export type Product = z.output<typeof Product>;

/** One immutable row of the stock ledger; a stock level is the sum of its movements. */
export const StockMovement = z.strictObject({
  id: z.string(),
  sku: Sku,
  kind: z.enum(["receipt", "reservation", "release", "shipment", "return", "adjustment"]),
  onHandDelta: z.int(),
  reservedDelta: z.int(),
  orderId: OrderId.optional(),
  note: z.string().optional(),
  by: z.string(),
  requestId: z.string(),
  at: Timestamp,
});
export type StockMovement = z.output<typeof StockMovement>;

export const Line = z.strictObject({ sku: Sku, quantity: Quantity });
export type Line = z.output<typeof Line>;
const Lines = z.array(Line).min(1).max(100);

export const Reservation = z.strictObject({
  id: ReservationId,
  orderId: OrderId,
  status: z.enum(["held", "released", "shipped", "returned"]),
  lines: z.array(Line),
  heldUntil: Timestamp,
  version: z.int().min(1),
});
export type Reservation = z.output<typeof Reservation>;

/** What is wrong with the stock level of one sku, in words. */
const StockFault = z.strictObject({ sku: Sku, problem: z.string() });

/** The price and name of a checked product; `available` is a snapshot, only the reservation binds. */
export const CheckedProduct = z.strictObject({
  sku: Sku,
  name: ProductName,
  price: Money,
  available: StockLevel,
});
export type CheckedProduct = z.output<typeof CheckedProduct>;

export const CreateProduct = z.strictObject({
  sku: Sku,
  name: NewProductName,
  description: Description.default(""),
  price: Price,
  onHand: StockQuantity.default(0),
});
export type CreateProduct = z.output<typeof CreateProduct>;

export const UpdateProduct = z
  .strictObject({
    name: NewProductName.optional(),
    description: Description.optional(),
    price: Price.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "must change at least one field");
export type UpdateProduct = z.output<typeof UpdateProduct>;

export const ReceiveStock = z.strictObject({
  quantity: z.int().min(1).max(1_000_000),
  note: z.string().max(500).optional(),
});
export type ReceiveStock = z.output<typeof ReceiveStock>;

export const inventory = defineContract("inventory", {
  calls: {
    /** Products, prices and availability of an order's lines. Shortage and unknown skus are named, not thrown. */
    check: call({
      params: z.strictObject({ items: Lines }),
      result: z.strictObject({
        products: z.array(CheckedProduct),
        unknownSkus: z.array(Sku),
        shortSkus: z.array(Sku),
      }),
      idempotent: true,
    }),
    /** Ships a held reservation. Errors: RESERVATION_NOT_HELD, RESERVATION_NOT_FOUND. */
    ship: call({ params: z.strictObject({ orderId: OrderId }), result: Reservation, idempotent: true }),
    /** A page of the orders whose stock is still held though its `heldUntil` has passed, the longest overdue first. */
    listExpired: call({
      params: z.strictObject({ limit: z.int().min(1).max(1000), cursor: PageParams.cursor }),
      result: z.strictObject({ orderIds: z.array(OrderId), nextCursor: z.string().nullable() }),
      idempotent: true,
    }),
    /** Where the stock of these orders is; an order without a reservation is not among them. */
    reservationsOf: call({
      params: z.strictObject({ orderIds: z.array(OrderId).max(100) }),
      result: z.strictObject({ reservations: z.array(Reservation.pick({ orderId: true, status: true })) }),
      idempotent: true,
    }),
    /**
     * Checks a page of stock levels: each is the sum of its movements, never less than nothing, and as much is reserved as
     * the held reservations say. `busy` counts those that changed while they were looked at: nothing is said of them.
     */
    checkStock: call({
      params: z.strictObject(PageParams),
      result: z.strictObject({
        checked: z.int(),
        busy: z.int(),
        faults: z.array(StockFault),
        nextCursor: z.string().nullable(),
      }),
      idempotent: true,
    }),
    listProducts: call({
      params: z.strictObject({ q: z.string().max(100).optional(), ...PageParams }),
      result: pageOf(Product),
      idempotent: true,
    }),
    /** Errors: PRODUCT_NOT_FOUND. */
    getProduct: call({ params: z.strictObject({ sku: Sku }), result: Product, idempotent: true }),
    /** Errors: SKU_TAKEN, IDEMPOTENCY_KEY_REUSED. */
    createProduct: call({
      params: z.strictObject({ product: CreateProduct, idempotency: Idempotency }),
      result: z.strictObject({ product: Product, replayed: z.boolean() }),
      idempotent: true,
    }),
    /** Errors: PRODUCT_NOT_FOUND, IDEMPOTENCY_KEY_REUSED. */
    updateProduct: call({
      params: z.strictObject({ sku: Sku, change: UpdateProduct, idempotency: Idempotency }),
      result: z.strictObject({ product: Product, replayed: z.boolean() }),
      idempotent: true,
    }),
    /** Errors: PRODUCT_NOT_FOUND, IDEMPOTENCY_KEY_REUSED. */
    receiveStock: call({
      params: z.strictObject({ sku: Sku, receipt: ReceiveStock, idempotency: Idempotency }),
      result: z.strictObject({ movement: StockMovement, replayed: z.boolean() }),
      idempotent: true,
    }),
    /** Errors: PRODUCT_NOT_FOUND. */
    listMovements: call({
      params: z.strictObject({ sku: Sku, ...PageParams }),
      result: pageOf(StockMovement),
      idempotent: true,
    }),
  },
  events: {
    reserved: event(
      "inventory.reserved",
      z.strictObject({ orderId: OrderId, reservationId: ReservationId, lines: Lines, heldUntil: Timestamp }),
    ),
    rejected: event(
      "inventory.rejected",
      z.strictObject({ orderId: OrderId, shortSkus: z.array(Sku).min(1) }),
    ),
  },
  commands: {},
});
