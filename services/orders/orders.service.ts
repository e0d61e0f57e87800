import { join } from "node:path";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { answerCalls } from "../../mixins/calls.ts";
import { domainErrors } from "../../mixins/domain-errors.ts";
import { createIdempotency, idempotencyCollection, oldKeys } from "../../mixins/idempotency/idempotency.ts";
import { durableMessages, on } from "../../mixins/messaging/durable-messages.ts";
import { createOutbox, messagingCollections, type Outbox } from "../../mixins/messaging/outbox.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import type { ConnectedStore } from "../../mixins/persistence/store.ts";
import { storeMixin } from "../../mixins/persistence/store-mixin.ts";
import { retention } from "../../mixins/retention/retention.ts";
import { required, type Settings } from "../../settings.ts";
import { inventory } from "../inventory/contract.ts";
import { orders } from "./contract.ts";
import { cancelOrder } from "./handlers/actions/cancel-order.ts";
import { capturePayment } from "./handlers/actions/capture-payment.ts";
import { checkOrders } from "./handlers/actions/check-orders.ts";
import { claimFulfilment } from "./handlers/actions/claim-fulfilment.ts";
import { expireOrder } from "./handlers/actions/expire-order.ts";
import { failFulfilment } from "./handlers/actions/fail-fulfilment.ts";
import { fulfilOrder } from "./handlers/actions/fulfil-order.ts";
import { getOrder } from "./handlers/actions/get-order.ts";
import { listOrders } from "./handlers/actions/list-orders.ts";
import { listUnsettled } from "./handlers/actions/list-unsettled.ts";
import { placeOrder } from "./handlers/actions/place-order.ts";
import { returnOrder } from "./handlers/actions/return-order.ts";
import { settleOrders } from "./handlers/actions/settle-orders.ts";
import { settledOf } from "./handlers/actions/settled-of.ts";
import { refundPayment } from "./handlers/commands/refund-payment.ts";
import { voidPayment } from "./handlers/commands/void-payment.ts";
import type { OrdersDependencies } from "./handlers/dependencies.ts";
import { rejectOrderForStock } from "./handlers/events/reject-for-stock.ts";
import { takePayment } from "./handlers/events/take-payment.ts";
import { createPaymentProvider } from "./providers/payment-provider.ts";
import { counters, createOrderNumbers } from "./repositories/order-numbers.ts";
import { createOrderRepository, orderRecords } from "./repositories/order-repository.ts";

/** All that the store of orders holds. */
export const ordersCollections = [orderRecords, counters, idempotencyCollection, ...messagingCollections];

/** The service with its real store and payment provider. */
export default function (settings: Settings, logger: ServiceBroker["logger"]): ServiceSchema {
  const clock = Date.now;
  const store = createSqliteStore({
    file: join(settings.DATA_DIR, "orders.sqlite"),
    collections: ordersCollections,
  });
  const outbox = createOutbox({ store, clock });
  return createOrdersService({
    store,
    outbox,
    natsUrl: required(settings, "NATS_URL"),
    repository: createOrderRepository({ store, outbox, clock }),
    numbers: createOrderNumbers({ store }),
    idempotency: createIdempotency({ store }),
    payments: createPaymentProvider({ url: required(settings, "PAYMENT_URL"), logger }),
    clock,
  });
}

/** Every call, event and command that orders takes. */
export function createOrdersService(
  deps: OrdersDependencies & { store: ConnectedStore; outbox: Outbox; natsUrl: string },
): ServiceSchema {
  return {
    name: orders.service,
    mixins: [
      domainErrors(),
      durableMessages({
        ...deps,
        service: orders.service,
        handlers: [
          on(inventory.events.reserved, takePayment(deps)),
          on(inventory.events.rejected, rejectOrderForStock(deps)),
          on(orders.commands.voidPayment, voidPayment(deps)),
          on(orders.commands.refundPayment, refundPayment(deps)),
        ],
      }),
      // A mixin stops after those before it: by then no payment is on its way any more.
      { stopped: async () => deps.payments.close() },
      retention({ ...deps, service: orders.service, aging: [oldKeys] }),
      storeMixin(deps.store),
    ],
    actions: answerCalls(orders.calls, {
      place: placeOrder(deps),
      get: getOrder(deps),
      list: listOrders(deps),
      claimFulfilment: claimFulfilment(deps),
      capturePayment: capturePayment(deps),
      fulfil: fulfilOrder(deps),
      cancel: cancelOrder(deps),
      return: returnOrder(deps),
      expire: expireOrder(deps),
      failFulfilment: failFulfilment(deps),
      listUnsettled: listUnsettled(deps),
      settle: settleOrders(deps),
      settledOf: settledOf(deps),
      checkOrders: checkOrders(deps),
    }),
  };
}
