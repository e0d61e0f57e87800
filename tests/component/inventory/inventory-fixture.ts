/** Inventory on a real store and a real NATS server; orders, worker and gateway are played by the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type ServiceAction, ServiceBroker } from "moleculer";
import type { Call, ParamsOf, ResultOf } from "../../../contracts/define-contract.ts";
import { newId } from "../../../contracts/ids.ts";
import type { User } from "../../../contracts/shapes.ts";
import { createMessage, type Message } from "../../../mixins/messaging/message.ts";
import {
  AlreadyHandled,
  createDelivery,
  createOutbox,
  outboxRows,
} from "../../../mixins/messaging/outbox.ts";
import { requestContextMiddleware } from "../../../mixins/observability/request-context.ts";
import { createSqliteStore } from "../../../mixins/persistence/sqlite-store.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import {
  createInventoryRepositories,
  createInventoryService,
  inventoryCollections,
} from "../../../services/inventory/inventory.service.ts";
import { movementRows } from "../../../services/inventory/repositories/movements.ts";
import { reservationRows } from "../../../services/inventory/repositories/reservations.ts";
import { stockRows } from "../../../services/inventory/repositories/stock.ts";
import { type Order, orders } from "../../../services/orders/contract.ts";
import { anOrder } from "../../support/orders-mother.ts";

export const operator: User = {
  id: newId("usr", 1),
  email: "op@example.com",
  name: "Op",
  roles: ["operator"],
};
export const HOLD_SECONDS = 900;
/** Every request of the fixture has this id. */
export const REQUEST_ID = "req-of-the-test";

export const key = (name = newId("key", 1), fingerprint = "f".repeat(64)) => ({ key: name, fingerprint });

/** An order for these quantities of each sku. */
export function orderFor(quantities: Readonly<Record<string, number>>, fields: Partial<Order> = {}): Order {
  const items = Object.entries(quantities).map(([sku, quantity]) => ({
    sku,
    name: sku,
    quantity,
    unitPrice: { amount: 450, currency: "EUR" },
  }));
  return anOrder({ items, ...fields });
}

type OrderEvent = (typeof orders.events)[keyof typeof orders.events];

/** A message of `orders` about one order. */
export function tell(type: OrderEvent, order: Order): Message<OrderEvent> {
  const { id: subject, version } = order;
  return createMessage(type, { subject, version, data: { order }, nowMs: Date.now() })
    .message as Message<OrderEvent>;
}

export type InventoryFixture = Awaited<ReturnType<typeof openInventory>>;

/** @param besides another fixture: both are nodes of inventory on one store */
export async function openInventory({
  natsUrl,
  besides,
  clock = Date.now,
}: {
  natsUrl: string;
  besides?: { folder: string };
  clock?: () => number;
}) {
  const folder = besides?.folder ?? mkdtempSync(join(tmpdir(), "orders-inventory-"));
  const file = join(folder, "inventory.sqlite");
  const store = createSqliteStore({ file, collections: inventoryCollections });
  const outbox = createOutbox({ store });
  const log = captureLog();
  const broker = new ServiceBroker({
    logger: log.logger,
    requestTimeout: 10_000,
    middlewares: [requestContextMiddleware()],
  });
  const service = broker.createService(
    createInventoryService({
      ...createInventoryRepositories({ store, outbox }),
      store,
      outbox,
      natsUrl,
      holdSeconds: HOLD_SECONDS,
      clock,
    }),
  );
  await broker.start();

  /** Delivers a message as the consumer would; answers whether it was handled before. */
  async function deliver(message: Message): Promise<"handled" | "already handled"> {
    const consumer = `inventory--${message.type.replace(".", "-")}`;
    const delivery = createDelivery({ consumer, message, tries: 1 }, Date.now());
    const action = service.actions[`on.${message.type}`] as ServiceAction;
    try {
      await action({ message, delivery }, { requestID: REQUEST_ID, meta: { user: operator } });
      return "handled";
    } catch (error) {
      if (error instanceof AlreadyHandled) return "already handled";
      throw error;
    }
  }

  const call = <C extends Call>(contractCall: C, params: ParamsOf<C>): Promise<ResultOf<C>> =>
    broker.call(contractCall.name, params as object, {
      requestID: REQUEST_ID,
      meta: { user: operator },
    }) as Promise<ResultOf<C>>;

  return {
    folder,
    store,
    outbox,
    log: log.lines,
    deliver,
    call,
    placed: (order: Order) => deliver(tell(orders.events.placed, order)),
    rejected: (order: Order) => deliver(tell(orders.events.rejected, order)),
    cancelled: (order: Order) => deliver(tell(orders.events.cancelled, order)),
    returned: (order: Order) => deliver(tell(orders.events.returned, order)),
    ship: ({ id }: Order) => call(inventory.calls.ship, { orderId: id }),
    create: (sku: string, onHand = 0) =>
      call(inventory.calls.createProduct, {
        product: { sku, name: sku, price: { amount: 450, currency: "EUR" }, onHand },
        idempotency: key(),
      }),
    async stockOf(sku: string) {
      const { onHand, reserved, available } = (await store.get(stockRows, sku)) ?? {};
      return { onHand, reserved, available };
    },
    reservationOf: ({ id }: Order) => store.get(reservationRows, id),
    async movementsOf({ id }: Order) {
      const rows = await store.find(movementRows);
      return rows.filter(({ orderId }) => orderId === id);
    },
    async toldOf({ id }: Order) {
      const rows = await store.find(outboxRows, { where: { subject: id } });
      return rows.map(({ message: { type, version, data } }) => ({ type, version, data }));
    },
    /** The stock levels that differ from the sum of their movements, or are negative: none, ever. */
    async discrepancies() {
      const movements = await store.find(movementRows);
      const levels = await store.find(stockRows);
      return levels.filter(({ sku, onHand, reserved, available }) => {
        const own = movements.filter((movement) => movement.sku === sku);
        const sum = (field: "onHandDelta" | "reservedDelta") =>
          own.reduce((total, movement) => total + movement[field], 0);
        const adds = onHand === sum("onHandDelta") && reserved === sum("reservedDelta");
        return !adds || available !== onHand - reserved || available < 0 || reserved < 0;
      });
    },
    async close() {
      await broker.stop();
      if (!besides) rmSync(folder, { recursive: true });
    },
  };
}

type LogLine = { level: string; msg: string; [field: string]: unknown };

/** Collects the lines that a real logger writes. */
function captureLog() {
  const lines: LogLine[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
  const options = { level: "info", formatters: { level: (level: string) => ({ level }) } };
  return { lines, logger: { type: "Pino" as const, options: { pino: { options, destination } } } };
}
