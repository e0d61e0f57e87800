/** One node: a real service on simulated ports, from its start to its crash. */
import { type Context, Errors, type ServiceSchema } from "moleculer";
import type { headers } from "nats";
import type { MessageType } from "../../contracts/define-contract.ts";
import type { User } from "../../contracts/shapes.ts";
import { createDeliveryHandler, type Delivered } from "../../mixins/messaging/handle-delivery.ts";
import type { Outbox } from "../../mixins/messaging/outbox.ts";
import { createPublisher } from "../../mixins/messaging/publisher.ts";
import { startRelay } from "../../mixins/messaging/relay.ts";
import { consumerName } from "../../mixins/messaging/streams.ts";
import { runInRequest } from "../../mixins/observability/request-context.ts";
import { createLeases } from "../../mixins/persistence/lease.ts";
import type { ConnectedStore } from "../../mixins/persistence/store.ts";
import { inventory } from "../../services/inventory/contract.ts";
import { orders } from "../../services/orders/contract.ts";
import { worker } from "../../services/worker/contract.ts";
import type { Stream } from "./stream.ts";
import type { Process, World } from "./world.ts";

/** As in `on(...)`. */
const HANDLER_TIMEOUT_MS = 30_000;
const RELAY_EVERY_MS = 15_000;

/** What travels with a call. */
export interface CallOrigin {
  readonly requestID: string;
  readonly meta: { readonly user?: User | undefined; readonly traceparent?: string | undefined };
}

export type PlaceCall = (
  from: Process,
  action: string,
  params: unknown,
  origin: CallOrigin,
) => Promise<unknown>;

export interface SimulatedNode extends Process {
  /** The message types that it handles. */
  readonly handles: readonly MessageType[];
  /** Runs one of its actions; rejects with what its error hooks make of a failure. */
  act(action: string, params: unknown, origin: CallOrigin): Promise<unknown>;
  deliver(type: MessageType, delivered: Delivered, onCrash: () => void): Promise<void>;
}

type ActionHandler = (ctx: Context) => Promise<unknown>;
type ErrorHook = (ctx: Context, error: unknown) => unknown;

const messageTypes = new Map<string, MessageType>(
  [orders, inventory, worker]
    .flatMap(({ events, commands }): MessageType[] => [...Object.values(events), ...Object.values(commands)])
    .map((type) => [type.type, type]),
);

export function startNode(
  world: World,
  {
    process,
    schema,
    store,
    outbox,
    stream,
    call,
  }: {
    process: Process & { onCrash(listener: () => void): () => void };
    schema: ServiceSchema;
    store: ConnectedStore;
    outbox: Outbox;
    stream: Stream;
    call: PlaceCall;
  },
): SimulatedNode {
  const { time, trace } = world;
  const { name } = process;
  const parts = [...(schema.mixins ?? []), schema] as ServiceSchema[];
  const actions = new Map<string, ActionHandler>(
    parts.flatMap((part) =>
      Object.entries(part.actions ?? {}).flatMap(([action, definition]) =>
        definition ? [[action, (definition as { handler: ActionHandler }).handler] as const] : [],
      ),
    ),
  );
  const errorHooks = parts.flatMap((part) => {
    const hook = part.hooks?.error?.["*"];
    return hook ? [hook as unknown as ErrorHook] : [];
  });
  const logger = {
    info: (details: object, message: string) => trace?.(name, `says "${message}"`, details),
    warn: (details: object, message: string) => trace?.(name, `warns "${message}"`, details),
    error: (details: object, message: string) => trace?.(name, `fails "${message}"`, details),
  };
  let calls = 0;

  async function act(action: string, params: unknown, origin: CallOrigin): Promise<unknown> {
    const handler = actions.get(action);
    if (!handler) throw new Errors.ServiceNotFoundError({ action });
    const ctx = contextOf(params, origin);
    try {
      const request = { requestId: origin.requestID, ...origin.meta };
      return await runInRequest(request, () => handler(ctx));
    } catch (error) {
      for (const hook of errorHooks) hook(ctx, error);
      throw error;
    }
  }

  function contextOf(params: unknown, origin: CallOrigin): Context {
    calls += 1;
    return {
      ...origin,
      id: `${name}/${calls}`,
      nodeID: name,
      params,
      broker: { nodeID: name },
      service: { logger },
      call: (action: string, more: unknown) => call(process, action, more, origin),
    } as unknown as Context;
  }

  const publisher = createPublisher({
    store,
    logger,
    clock: time.clock,
    jetStream: {
      publish: (
        subject: string,
        body: string,
        options: { msgID: string; headers: ReturnType<typeof headers> },
      ) =>
        stream.publish(process, {
          type: subject.split(".").slice(1, -1).join("."),
          body: new TextEncoder().encode(body),
          header: (header) => options.headers.get(header) || undefined,
          dedupeId: options.msgID,
        }),
    } as unknown as Parameters<typeof createPublisher>[0]["jetStream"],
  });
  outbox.onCommitted((rows) => void publisher.publish(rows));
  const relay = startRelay({
    store,
    publisher,
    leases: createLeases({ store, clock: time.clock }),
    holder: name,
    onError: (error) => trace?.(name, "could not relay", error),
    clock: time.clock,
    everyMs: RELAY_EVERY_MS,
  });
  process.onCrash(() => void relay.stop());

  const handles = [...actions.keys()].flatMap((action) =>
    action.startsWith("on.") ? [messageTypes.get(action.slice(3)) as MessageType] : [],
  );
  const handlers = new Map(
    handles.map((type) => [
      type.type,
      createDeliveryHandler({
        consumer: consumerName(schema.name, type.type),
        type,
        store,
        clock: time.clock,
        run: async (message, delivery, { requestId, user, traceparent }) => {
          await act(
            `on.${type.type}`,
            { message, delivery },
            { requestID: requestId, meta: { user, traceparent } },
          );
        },
      }),
    ]),
  );

  return {
    ...process,
    handles,
    act,
    deliver({ type }, delivered, onCrash) {
      const handle = handlers.get(type) as (delivered: Delivered) => Promise<void>;
      return new Promise<void>((resolve, reject) => {
        const timeout = time.after(HANDLER_TIMEOUT_MS, () =>
          reject(new Errors.RequestTimeoutError({ action: `on.${type}` })),
        );
        const forget = process.onCrash(() => {
          timeout.cancel();
          onCrash();
        });
        handle(delivered)
          .then(resolve, reject)
          .finally(() => {
            timeout.cancel();
            forget();
          });
      });
    },
  };
}
