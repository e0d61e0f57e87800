/** The orders service on a real store and a real NATS server, with inventory and the payment provider played by the test. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceAction, ServiceBroker } from "moleculer";
import type { Call, DataOf, MessageType, ParamsOf, ResultOf } from "../../contracts/define-contract.ts";
import type { User } from "../../contracts/shapes.ts";
import { answerCalls } from "../../mixins/calls.ts";
import { createIdempotency } from "../../mixins/idempotency/idempotency.ts";
import { createMessage, type Message } from "../../mixins/messaging/message.ts";
import { AlreadyHandled, createDelivery, createOutbox } from "../../mixins/messaging/outbox.ts";
import { requestContextMiddleware } from "../../mixins/observability/request-context.ts";
import { createSqliteStore } from "../../mixins/persistence/sqlite-store.ts";
import { inventory } from "../../services/inventory/contract.ts";
import { createOrdersService, ordersCollections } from "../../services/orders/orders.service.ts";
import type { PaymentProvider } from "../../services/orders/providers/payment-provider.ts";
import { createOrderNumbers } from "../../services/orders/repositories/order-numbers.ts";
import { createOrderRepository } from "../../services/orders/repositories/order-repository.ts";

export type OrdersFixture = Awaited<ReturnType<typeof openOrders>>;

/** @param file of the store; two fixtures on one file are two nodes of orders */
export async function openOrders({
  natsUrl,
  file = join(mkdtempSync(join(tmpdir(), "orders-service-")), "orders.sqlite"),
}: {
  natsUrl: string;
  file?: string;
}) {
  const clock = Date.now;
  const store = createSqliteStore({ file, collections: ordersCollections });
  const outbox = createOutbox({ store });
  const stub = {
    answer: {
      products: [
        { sku: "TEA-100", name: "Green tea", price: { amount: 450, currency: "EUR" }, available: 10 },
      ],
      unknownSkus: [],
      shortSkus: [],
    } as ResultOf<typeof inventory.calls.check>,
  };
  const payments = createFakeProvider();
  const broker = new ServiceBroker({
    logger: false,
    requestTimeout: 5_000,
    middlewares: [requestContextMiddleware()],
  });
  const { check } = inventory.calls;
  broker.createService({
    name: "inventory",
    actions: answerCalls({ check }, { check: async () => stub.answer }),
  });
  const service = broker.createService(
    createOrdersService({
      store,
      outbox,
      natsUrl,
      repository: createOrderRepository({ store, outbox, clock }),
      numbers: createOrderNumbers({ store }),
      idempotency: createIdempotency({ store }),
      payments: payments.provider,
      clock,
    }),
  );
  await broker.start();

  const message = <M extends MessageType>(type: M, data: DataOf<M>): Message<M> =>
    createMessage(type, { subject: "test", version: 1, data, nowMs: clock() }).message as Message<M>;

  /** Delivers a message as the consumer would: a message that was handled before has no effect. */
  async function redeliver(delivered: Message): Promise<void> {
    const delivery = createDelivery({ consumer: "orders--test", message: delivered, tries: 1 }, clock());
    const action = service.actions[`on.${delivered.type}`] as ServiceAction;
    await action({ message: delivered, delivery }).catch((error: unknown) => {
      if (!(error instanceof AlreadyHandled)) throw error;
    });
  }

  return {
    file,
    store,
    inventory: stub,
    payments,
    message,
    redeliver,
    deliver: <M extends MessageType>(type: M, data: DataOf<M>) => redeliver(message(type, data)),
    call: <C extends Call>(contractCall: C, params: ParamsOf<C>, user?: User) =>
      broker.call(contractCall.name, params as object, { meta: { user } }) as Promise<ResultOf<C>>,
    close: () => broker.stop(),
  };
}

/** A payment provider that remembers the keys it was asked with, and fails or declines when told to. */
function createFakeProvider() {
  const fake = {
    authorized: [] as string[],
    captured: [] as string[],
    decline: false,
    fail: undefined as Error | undefined,
    before: async () => {},
  };
  const refuse = async () => {
    throw new Error("not played by this test");
  };
  const provider: PaymentProvider = {
    async authorize({ key }) {
      await fake.before();
      fake.authorized.push(key);
      if (fake.fail) throw fake.fail;
      return fake.decline
        ? { outcome: "declined", paymentId: "pay_1", reason: "declined" }
        : { outcome: "authorized", paymentId: "pay_1" };
    },
    async capture({ key }) {
      fake.captured.push(key);
    },
    void: refuse,
    refund: refuse,
    close() {},
  };
  return Object.assign(fake, { provider });
}
