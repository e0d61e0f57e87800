/** One broker configuration for every node, whichever services it hosts. */
import type { BrokerOptions } from "moleculer";
import { dropLateCalls } from "./mixins/drop-late-calls.ts";
import { currentRequest, requestContextMiddleware } from "./mixins/observability/request-context.ts";
import { answeringNodesFirst } from "./mixins/transport/answering-nodes-first.ts";
import { natsOptions } from "./mixins/transport/nats-options.ts";
import { DeathAwareNats } from "./mixins/transport/nats-transporter.ts";
import { required, type Settings } from "./settings.ts";

/** Milliseconds until a call's answer counts as unknown; each nested call gets what is left of it. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * @param nodeId unique in the cluster, such as `orders-1`
 * @throws {BadSetting} NATS_URL is missing
 */
export function brokerOptions(settings: Settings, nodeId: string): BrokerOptions {
  const transporter = new DeathAwareNats({
    ...natsOptions(required(settings, "NATS_URL")),
    name: nodeId,
    // A server that takes the connection and then says nothing is tried again after this.
    timeout: 2_000,
    reconnectTimeWait: 250,
    maxReconnectAttempts: -1,
    // A link that hangs is given up after two unanswered pings.
    pingInterval: 2_000,
    maxPingOut: 2,
    // A stack trace per request is a third of the client's work.
    noAsyncTraces: true,
  });
  return {
    nodeID: nodeId,
    namespace: "orders",
    // Of this broker alone: services tell their health in it.
    metadata: {},
    transporter,
    registry: { strategy: answeringNodesFirst((node) => transporter.isSilent(node)) },
    logger: {
      type: "Pino",
      options: {
        pino: {
          options: {
            level: settings.LOG_LEVEL,
            base: { node: nodeId },
            timestamp: () => `,"time":"${new Date().toISOString()}"`,
            formatters: { level: (label: string) => ({ level: label }) },
            mixin: () => {
              const request = currentRequest();
              return request ? { requestId: request.requestId } : {};
            },
          },
        },
      },
    },
    logLevel: settings.LOG_LEVEL,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Calls are retried at the edge alone: by the gateway for its clients, by redelivery for durable messages. A layer
    // in between would multiply the tries.
    retryPolicy: { enabled: false },
    // For nodes whose connection stays open although they hang: the transporter notices the others at once.
    heartbeatInterval: 2,
    heartbeatTimeout: 6,
    circuitBreaker: {
      enabled: true,
      threshold: 0.5,
      minRequestCount: 20,
      windowTime: 10,
      halfOpenTime: 1_000,
    },
    // One action that is slow does not take the whole node: what comes beyond waits a little, and then fails at once.
    bulkhead: { enabled: true, concurrency: 128, maxQueueSize: 1_024 },
    tracking: { enabled: true, shutdownTimeout: 5_000 },
    transit: { serviceChangedDebounceTime: 100 } as BrokerOptions["transit"] & object,
    metrics: { enabled: true },
    validator: false,
    skipProcessEventRegistration: true,
    middlewares: [dropLateCalls(), requestContextMiddleware()],
  };
}
