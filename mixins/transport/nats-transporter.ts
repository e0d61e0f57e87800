import { type ServiceBroker, Transporters } from "moleculer";
import { createInbox, type Msg } from "nats";
import { atMost } from "./at-most.ts";
import { createNodePulse, type NodePulse } from "./node-pulse.ts";

const NO_RESPONDERS = 503;
const LOOK_EVERY_MS = 250;
/** How long a node that leaves waits until the server has what it sent last. */
const FLUSH_WITHIN_MS = 1_000;

/**
 * Moleculer's NATS transporter that notices at once when a node has died. NATS knows the death of a process by its
 * connection, and answers what is sent to a subject that nobody listens to with "no responders": so each request and
 * ping asks for that answer, and the node it names counts as disconnected. Its calls fail then, retryable, instead of
 * waiting for their time-out; without it a dead node is called for 6 to 12 s (heartbeats).
 * Nodes with calls under way are pinged, so that one that died after its last call is noticed too.
 */
export class DeathAwareNats extends Transporters.NATS {
  readonly #inbox = createInbox();
  readonly #pulse: NodePulse = createNodePulse({ now: () => performance.now() });
  /** What the subjects of requests and pings begin with. */
  #toNodes: readonly string[] = [];
  #looking: NodeJS.Timeout | undefined;

  /** Whether a node has been asked for a sign of life and has given none for too long: it hangs, or was paused. */
  isSilent(nodeId: string): boolean {
    return this.#pulse.isSilent(nodeId);
  }

  override async makeSubscriptions(topics: Record<string, unknown>[]): Promise<void> {
    this.#toNodes = ["REQ", "PING"].map((kind) => `${this.prefix}.${kind}.`);
    this.client.subscribe(`${this.#inbox}.>`, {
      callback: (error: Error | null, message: Msg) => {
        if (!error && message.headers?.code === NO_RESPONDERS)
          this.#nodeIsGone(message.subject.slice(this.#inbox.length + 1));
      },
    });
    busOf(this.broker).on("$node.pong", ({ nodeID }) => this.#pulse.heard(nodeID));
    busOf(this.broker).on("$node.disconnected", ({ node }) => this.#pulse.forget(node.id));
    this.#looking = setInterval(() => this.#pingThoseCalled(), LOOK_EVERY_MS);
    this.#looking.unref();
    await super.makeSubscriptions(topics);
  }

  override async send(topic: string, data: Buffer): Promise<void> {
    if (!this.client) return;
    const node = this.#addressee(topic);
    this.client.publish(topic, data, node ? { reply: `${this.#inbox}.${node}` } : undefined);
  }

  override async disconnect(): Promise<void> {
    clearInterval(this.#looking);
    if (!this.client) return;
    await atMost(FLUSH_WITHIN_MS, this.client.flush());
    await this.client.close();
    this.client = null;
  }

  /** The node that a request or ping goes to. */
  #addressee(topic: string): string | undefined {
    const start = this.#toNodes.find((it) => topic.startsWith(it));
    return start && topic.slice(start.length);
  }

  #nodeIsGone(nodeId: string): void {
    this.broker.registry.nodes.disconnected(nodeId, true);
  }

  #pingThoseCalled(): void {
    if (!this.client || this.client.isClosed()) return;
    const pending = pendingOf(this.transit);
    const called = new Set([...pending.values()].map(({ nodeID }) => nodeID));
    for (const nodeId of [...called, ...this.#pulse.waitedFor()]) {
      this.#pulse.asked(nodeId);
      void this.transit.sendPing(nodeId);
    }
  }
}

interface LocalEvents {
  "$node.pong": { nodeID: string };
  "$node.disconnected": { node: { id: string } };
}

function busOf(broker: ServiceBroker) {
  return broker.localBus as unknown as {
    on<E extends keyof LocalEvents>(event: E, listener: (payload: LocalEvents[E]) => void): void;
  };
}

/** Calls without an answer; Moleculer's types hide them. */
function pendingOf(transit: object): ReadonlyMap<string, { readonly nodeID: string }> {
  return (transit as { pendingRequests: ReadonlyMap<string, { nodeID: string }> }).pendingRequests;
}
