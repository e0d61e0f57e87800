/** The real services with their real repositories, on ports that a simulation hands in. */
import type { ServiceSchema } from "moleculer";
import { createIdempotency } from "../../mixins/idempotency/idempotency.ts";
import { messagingCollections, type Outbox } from "../../mixins/messaging/outbox.ts";
import type { Collection, ConnectedStore } from "../../mixins/persistence/store.ts";
import {
  createInventoryRepositories,
  createInventoryService,
  inventoryCollections,
} from "../../services/inventory/inventory.service.ts";
import type { Reservations } from "../../services/inventory/repositories/reservations.ts";
import {
  createNotificationsService,
  notificationsCollections,
} from "../../services/notifications/notifications.service.ts";
import type { Mailer } from "../../services/notifications/providers/mailer.ts";
import { createNotificationRepository } from "../../services/notifications/repositories/notification-repository.ts";
import { createOrdersService, ordersCollections } from "../../services/orders/orders.service.ts";
import type { PaymentProvider } from "../../services/orders/providers/payment-provider.ts";
import { createOrderNumbers } from "../../services/orders/repositories/order-numbers.ts";
import {
  createOrderRepository,
  type OrderRepository,
} from "../../services/orders/repositories/order-repository.ts";
import { createWorkerService } from "../../services/worker/worker.service.ts";
import { createTallyService, tallyCollections } from "./tally.ts";

/** What a node of a service works with. */
export interface Ports {
  readonly store: ConnectedStore;
  readonly outbox: Outbox;
  readonly payments: PaymentProvider;
  readonly mailer: Mailer;
  readonly clock: () => number;
}

/** A bug, put between the services and their ports: each function answers a port that is worse than the one it takes. */
export interface Bug {
  readonly store?: (store: ConnectedStore, service: string) => ConnectedStore;
  readonly outbox?: (outbox: Outbox) => Outbox;
  readonly payments?: (payments: PaymentProvider, repository: OrderRepository) => PaymentProvider;
  readonly orders?: (repository: OrderRepository) => OrderRepository;
  readonly reservations?: (reservations: Reservations) => Reservations;
}

interface ServiceUnderTest {
  readonly collections: readonly Collection[];
  create(ports: Ports, bug: Bug): ServiceSchema;
}

const HOLD_SECONDS = 15;
const natsUrl = "nats://nobody-connects";
const asItIs = <T>(port: T): T => port;

export type ServiceName = keyof typeof services;

export const services = {
  orders: {
    collections: ordersCollections,
    create(ports, { orders = asItIs, payments = asItIs }) {
      const repository = orders(createOrderRepository(ports));
      return createOrdersService({
        ...ports,
        natsUrl,
        repository,
        payments: payments(ports.payments, repository),
        numbers: createOrderNumbers(ports),
        idempotency: createIdempotency(ports),
      });
    },
  },
  inventory: {
    collections: inventoryCollections,
    create(ports, { reservations = asItIs }) {
      const repositories = createInventoryRepositories(ports);
      return createInventoryService({
        ...ports,
        ...repositories,
        natsUrl,
        reservations: reservations(repositories.reservations),
        holdSeconds: HOLD_SECONDS,
      });
    },
  },
  worker: {
    collections: messagingCollections,
    create: (ports) => createWorkerService({ ...ports, natsUrl, holdSeconds: HOLD_SECONDS }),
  },
  notifications: {
    collections: notificationsCollections,
    create: (ports) =>
      createNotificationsService({ ...ports, natsUrl, repository: createNotificationRepository(ports) }),
  },
  tally: {
    collections: tallyCollections,
    create: (ports) => createTallyService({ ...ports, natsUrl }),
  },
} as const satisfies Record<string, ServiceUnderTest>;
