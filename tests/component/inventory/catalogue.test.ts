import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { ParamsOf } from "../../../contracts/define-contract.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import { movementRows } from "../../../services/inventory/repositories/movements.ts";
import { productRows } from "../../../services/inventory/repositories/products.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import {
  type InventoryFixture,
  key,
  openInventory,
  operator,
  orderFor,
  REQUEST_ID,
} from "./inventory-fixture.ts";

let nats: TestNatsServer;
let shop: InventoryFixture;
let now = Date.parse("2026-11-22T10:00:00.000Z");
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  // Each thing is a second newer than the one before.
  shop = await openInventory({ natsUrl: nats.url, clock: () => (now += 1000) });
});
afterEach(async () => {
  expect(await shop.discrepancies()).toEqual([]);
  await shop.close();
});

const { createProduct, updateProduct, receiveStock, listProducts, listMovements, getProduct, check } =
  inventory.calls;
const tea = {
  sku: "TEA-100",
  name: "Green tea",
  description: "From Uji",
  price: { amount: 450, currency: "EUR" },
};

const create = (product: ParamsOf<typeof createProduct>["product"], idempotency = key()) =>
  shop.call(createProduct, { product, idempotency });
const receive = (quantity: number, idempotency = key(), note?: string) =>
  shop.call(receiveStock, {
    sku: "TEA-100",
    receipt: note === undefined ? { quantity } : { quantity, note },
    idempotency,
  });
const rename = (name: string, idempotency = key()) =>
  shop.call(updateProduct, { sku: "TEA-100", change: { name }, idempotency });
const listed = async (params: ParamsOf<typeof listProducts> = {}) =>
  (await shop.call(listProducts, params)).items.map(({ sku }) => sku);

/** Follows the cursors from the first page to the last. */
async function pages(params: ParamsOf<typeof listProducts>): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | null = null;
  do {
    const page: { items: { sku: string }[]; nextCursor: string | null } = await shop.call(listProducts, {
      ...params,
      ...(cursor ? { cursor } : {}),
    });
    found.push(page.items.map(({ sku }) => sku));
    cursor = page.nextCursor;
  } while (cursor);
  return found;
}

describe("a new product", () => {
  test("is in the catalogue with its first stock, which is a receipt in the ledger", async () => {
    const { product, replayed } = await create({ ...tea, onHand: 7 });
    expect(product).toEqual({ ...tea, available: 7, version: 1 });
    expect(replayed).toBe(false);
    expect(await shop.call(getProduct, { sku: "TEA-100" })).toEqual(product);
    expect((await shop.call(listMovements, { sku: "TEA-100" })).items).toEqual([
      expect.objectContaining({ kind: "receipt", onHandDelta: 7, by: operator.id, requestId: REQUEST_ID }),
    ]);
    expect(shop.log).toContainEqual(
      expect.objectContaining({ level: "info", msg: "product created", sku: "TEA-100" }),
    );
  });

  test("may start without stock and without a movement", async () => {
    await create(tea);
    expect(await shop.stockOf("TEA-100")).toEqual({ onHand: 0, reserved: 0, available: 0 });
    expect(await shop.store.count(movementRows)).toBe(0);
  });

  test("is refused where the sku is taken", async () => {
    await create(tea);
    await expect(create({ ...tea, name: "Other" })).rejects.toMatchObject({
      type: "SKU_TAKEN",
      data: { sku: "TEA-100" },
    });
    expect(await shop.call(getProduct, { sku: "TEA-100" })).toMatchObject({ name: "Green tea" });
  });

  test("is made by exactly one of many that race for its sku", async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => create({ ...tea, onHand: 5 })),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await shop.stockOf("TEA-100")).onHand).toBe(5);
  });
});

describe("a product", () => {
  beforeEach(() => create({ ...tea, onHand: 3 }));

  test("changes in the fields that are given, and counts its versions", async () => {
    const { product } = await rename("Sencha");
    expect(product).toEqual({ ...tea, name: "Sencha", available: 3, version: 2 });
    expect(shop.log).toContainEqual(
      expect.objectContaining({ level: "info", msg: "product changed", sku: "TEA-100", version: 2 }),
    );
  });

  test("loses no change when several come at once", async () => {
    await Promise.all([
      rename("Sencha"),
      shop.call(updateProduct, { sku: "TEA-100", change: { description: "New" }, idempotency: key() }),
      shop.call(updateProduct, {
        sku: "TEA-100",
        change: { price: { amount: 500, currency: "EUR" } },
        idempotency: key(),
      }),
    ]);
    expect(await shop.call(getProduct, { sku: "TEA-100" })).toMatchObject({
      name: "Sencha",
      description: "New",
      price: { amount: 500 },
      version: 4,
    });
  });

  test("gets received units, with who, why and which request", async () => {
    const { movement, replayed } = await receive(4, key(), "pallet 7");
    expect(movement).toMatchObject({
      sku: "TEA-100",
      kind: "receipt",
      onHandDelta: 4,
      reservedDelta: 0,
      note: "pallet 7",
      by: operator.id,
      requestId: REQUEST_ID,
    });
    expect(replayed).toBe(false);
    expect((await shop.stockOf("TEA-100")).available).toBe(7);
    expect(shop.log).toContainEqual(
      expect.objectContaining({ level: "info", msg: "stock received", sku: "TEA-100", quantity: 4 }),
    );
  });

  test("shows its movements, newest first, page by page", async () => {
    await receive(1);
    await receive(2);
    const first = await shop.call(listMovements, { sku: "TEA-100", limit: 2 });
    expect(first.items.map(({ onHandDelta }) => onHandDelta)).toEqual([2, 1]);
    const second = await shop.call(listMovements, {
      sku: "TEA-100",
      limit: 2,
      cursor: first.nextCursor as string,
    });
    expect(second.items.map(({ onHandDelta }) => onHandDelta)).toEqual([3]);
    expect(second.nextCursor).toBeNull();
  });

  test("that is held shows less available", async () => {
    await shop.placed(orderFor({ "TEA-100": 2 }));
    expect(await shop.call(getProduct, { sku: "TEA-100" })).toMatchObject({ available: 1 });
  });
});

test("a product that is not there can be neither read, changed nor received", async () => {
  const missing = { type: "PRODUCT_NOT_FOUND", data: { sku: "TEA-100" } };
  await expect(shop.call(getProduct, { sku: "TEA-100" })).rejects.toMatchObject(missing);
  await expect(rename("Sencha")).rejects.toMatchObject(missing);
  await expect(receive(1)).rejects.toMatchObject(missing);
  await expect(shop.call(listMovements, { sku: "TEA-100" })).rejects.toMatchObject(missing);
});

describe("the catalogue", () => {
  test("lists products newest first, page by page, without loss or doubles", async () => {
    for (const sku of ["A-1", "A-2", "A-3", "A-4", "A-5"]) await shop.create(sku);
    expect(await pages({ limit: 2 })).toEqual([["A-5", "A-4"], ["A-3", "A-2"], ["A-1"]]);
  });

  test("finds a part of a sku or name, whatever its case", async () => {
    await create(tea);
    await create({ ...tea, sku: "CUP-1", name: "Teacup" });
    await create({ ...tea, sku: "POT-9", name: "Kanne für Tee" });
    expect(await listed({ q: "TEA" })).toEqual(["CUP-1", "TEA-100"]);
    expect(await listed({ q: "FÜR" })).toEqual(["POT-9"]);
    expect(await listed({ q: "pot-" })).toEqual(["POT-9"]);
    expect(await listed({ q: "coffee" })).toEqual([]);
    expect(await listed({ q: "%" })).toEqual([]);
  });

  test("finds page by page in more rows than are read at once", async () => {
    const rows = Array.from({ length: 450 }, (_, index) => ({
      ...tea,
      sku: `BULK-${index}`,
      name: index % 90 ? "Filler" : "Wanted",
      version: 1,
      createdAt: index,
    }));
    await shop.store.commit(
      rows.map((document) => ({ kind: "insert", collection: productRows as never, document })),
    );
    expect(await pages({ q: "wanted", limit: 2 })).toEqual([
      ["BULK-360", "BULK-270"],
      ["BULK-180", "BULK-90"],
      ["BULK-0"],
    ]);
  });

  test("refuses a cursor that no page gave", async () => {
    await expect(listed({ cursor: "nonsense" })).rejects.toMatchObject({ type: "BAD_CURSOR" });
  });
});

describe("inventory.check", () => {
  test("answers prices and names, and names what is unknown and what is short", async () => {
    await create({ ...tea, onHand: 3 });
    await shop.create("CUP-1", 1);
    const items = [
      { sku: "TEA-100", quantity: 3 },
      { sku: "CUP-1", quantity: 2 },
      { sku: "POT-9", quantity: 1 },
    ];
    expect(await shop.call(check, { items })).toEqual({
      products: [
        { sku: "TEA-100", name: "Green tea", price: tea.price, available: 3 },
        { sku: "CUP-1", name: "CUP-1", price: tea.price, available: 1 },
      ],
      unknownSkus: ["POT-9"],
      shortSkus: ["CUP-1"],
    });
  });
});

describe("an idempotency key", () => {
  test("makes one product, and answers it as it is now", async () => {
    const same = key();
    await create({ ...tea, onHand: 3 }, same);
    await rename("Sencha");
    expect(await create({ ...tea, onHand: 3 }, same)).toEqual({
      product: { ...tea, name: "Sencha", available: 3, version: 2 },
      replayed: true,
    });
  });

  test("that many requests race with makes one receipt, which all of them answer", async () => {
    await create(tea);
    const same = key();
    const answers = await Promise.all(Array.from({ length: 20 }, () => receive(5, same)));
    expect(new Set(answers.map(({ movement }) => movement.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect((await shop.stockOf("TEA-100")).onHand).toBe(5);
  });

  test("that many requests race with makes one product and refuses none of them", async () => {
    const same = key();
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({ ...tea, onHand: 5 }, same)));
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect((await shop.stockOf("TEA-100")).onHand).toBe(5);
  });

  test("that two nodes race with makes one receipt", async () => {
    await create(tea);
    const other = await openInventory({ natsUrl: nats.url, besides: shop });
    const same = key();
    const params = { sku: "TEA-100", receipt: { quantity: 5 }, idempotency: same };
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? shop : other).call(receiveStock, params)),
    );
    await other.close();
    expect((await shop.stockOf("TEA-100")).onHand).toBe(5);
  });

  test("changes a product once", async () => {
    await create(tea);
    const same = key();
    await rename("Sencha", same);
    expect(await rename("Sencha", same)).toMatchObject({ product: { version: 2 }, replayed: true });
  });

  test("is refused for another request", async () => {
    await create(tea);
    await receive(5, key("k"));
    const other = key("k", "e".repeat(64));
    await expect(receive(6, other)).rejects.toMatchObject({ type: "IDEMPOTENCY_KEY_REUSED" });
    expect((await shop.stockOf("TEA-100")).onHand).toBe(5);
  });

  test("is not spent by a refusal", async () => {
    const same = key();
    await expect(receive(5, same)).rejects.toMatchObject({ type: "PRODUCT_NOT_FOUND" });
    await create(tea);
    expect(await receive(5, same)).toMatchObject({ replayed: false });
  });
});
