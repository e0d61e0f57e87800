import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import { answerCalls } from "../../mixins/calls.ts";
import { domainErrors } from "../../mixins/domain-errors.ts";
import { createIdempotency, idempotencyCollection, oldKeys } from "../../mixins/idempotency/idempotency.ts";
import { durableMessages, on } from "../../mixins/messaging/durable-messages.ts";
import { createOutbox, messagingCollections, type Outbox } from "../../mixins/messaging/outbox.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore, Store } from "../../mixins/persistence/store.ts";
import { storeMixin } from "../../mixins/persistence/store-mixin.ts";
import { retention } from "../../mixins/retention/retention.ts";
import { required, type Settings } from "../../settings.ts";
import { orders } from "../orders/contract.ts";
import { inventory } from "./contract.ts";
import { check } from "./handlers/actions/check.ts";
import { checkStock } from "./handlers/actions/check-stock.ts";
import { createProduct } from "./handlers/actions/create-product.ts";
import { getProduct } from "./handlers/actions/get-product.ts";
import { listExpired } from "./handlers/actions/list-expired.ts";
import { listMovements } from "./handlers/actions/list-movements.ts";
import { listProducts } from "./handlers/actions/list-products.ts";
import { receiveStock } from "./handlers/actions/receive-stock.ts";
import { reservationsOf } from "./handlers/actions/reservations-of.ts";
import { ship } from "./handlers/actions/ship.ts";
import { updateProduct } from "./handlers/actions/update-product.ts";
import type { InventoryDependencies } from "./handlers/dependencies.ts";
import { holdStock } from "./handlers/events/hold-stock.ts";
import { takeBackStock } from "./handlers/events/take-back-stock.ts";
import { createMovements, movementRows } from "./repositories/movements.ts";
import { createProducts, productRows } from "./repositories/products.ts";
import { createReservations, reservationRows } from "./repositories/reservations.ts";
import { stockRows } from "./repositories/stock.ts";
import { createStockAudit, stockSums } from "./repositories/stock-audit.ts";

/** All that the store of inventory holds. */
export const inventoryCollections = [
  productRows,
  stockRows,
  movementRows,
  reservationRows,
  stockSums,
  idempotencyCollection,
  ...messagingCollections,
];

/** The service with its real store. */
export default function (settings: Settings): ServiceSchema {
  const clock = Date.now;
  const store = createSqliteStore({
    file: join(settings.DATA_DIR, "inventory.sqlite"),
    collections: inventoryCollections,
  });
  const outbox = createOutbox({ store, clock });
  return createInventoryService({
    ...createInventoryRepositories({ store, outbox }),
    store,
    outbox,
    natsUrl: required(settings, "NATS_URL"),
    holdSeconds: settings.HOLD_SECONDS,
    clock,
  });
}

/** The domain's view of the store. */
export function createInventoryRepositories(deps: { store: Store; outbox: Pick<Outbox, "commit"> }) {
  return {
    products: createProducts(deps),
    movements: createMovements(deps),
    reservations: createReservations(deps),
    stockAudit: createStockAudit(deps),
    keys: createIdempotency(deps),
  };
}

/** Every call and event that inventory takes. */
export function createInventoryService(
  deps: InventoryDependencies & { store: ConnectedStore; outbox: Outbox; natsUrl: string },
): ServiceSchema {
  return {
    name: inventory.service,
    mixins: [
      domainErrors(),
      durableMessages({
        ...deps,
        service: inventory.service,
        handlers: [
          on(orders.events.placed, holdStock(deps)),
          on(orders.events.rejected, takeBackStock(deps)),
          on(orders.events.cancelled, takeBackStock(deps)),
          on(orders.events.returned, takeBackStock(deps)),
        ],
      }),
      retention({ ...deps, service: inventory.service, aging: [oldKeys] }),
      storeMixin(deps.store),
    ],
    actions: answerCalls(inventory.calls, {
      check: check(deps),
      ship: ship(deps),
      listExpired: listExpired(deps),
      reservationsOf: reservationsOf(deps),
      checkStock: checkStock(deps),
      listProducts: listProducts(deps),
      getProduct: getProduct(deps),
      createProduct: createProduct(deps),
      updateProduct: updateProduct(deps),
      receiveStock: receiveStock(deps),
      listMovements: listMovements(deps),
    }),
  };
}
