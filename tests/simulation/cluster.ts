/** All nodes of all services, with their stores, the stream between them and the world outside. */
import { Errors } from "moleculer";
import { createOutbox, outboxRows } from "../../mixins/messaging/outbox.ts";
import { consumerName } from "../../mixins/messaging/streams.ts";
import { type Change, createMemoryDatabase, type MemoryDatabase } from "../support/memory-store.ts";
import { createMailbox } from "./mailbox.ts";
import { type PlaceCall, type SimulatedNode, startNode } from "./node.ts";
import { createSimulatedProvider } from "./payment-provider.ts";
import { type Bug, type ServiceName, services } from "./services.ts";
import { createStorePort } from "./store-port.ts";
import { createStream } from "./stream.ts";
import { ask, type Process, type World } from "./world.ts";

const CALL_TIMEOUT_MS = 5_000;

/** How many nodes of each service there are. */
export type NodeCounts = Partial<Record<ServiceName, number>>;

export type Cluster = ReturnType<typeof createCluster>;

/** @param onChange told of each change in a store, at its commit */
export function createCluster(
  world: World,
  { counts, bug = {}, onChange }: { counts: NodeCounts; bug?: Bug; onChange: (change: Change) => void },
) {
  const { time, random, faults, trace } = world;
  const stream = createStream(world);
  const provider = createSimulatedProvider(world);
  const mailbox = createMailbox(world);
  const refused = new Set<string>();
  const names = Object.keys(counts) as ServiceName[];
  const databases = new Map<ServiceName, MemoryDatabase>(
    names.map((service) => [
      service,
      createMemoryDatabase({ collections: services[service].collections, onChange }),
    ]),
  );
  const nodes = new Map<ServiceName, Map<string, SimulatedNode>>(
    names.map((service) => [service, new Map()]),
  );

  for (const service of names) {
    for (let number = 1; number <= (counts[service] ?? 0); number++) start(service, `${service}-${number}`);
    const [first] = nodesOf(service);
    for (const type of first?.handles ?? [])
      stream.addConsumer({
        name: consumerName(service, type.type),
        type: type.type,
        deliver: (delivered, onCrash) => anyNode(service)?.deliver(type, delivered, onCrash),
      });
  }

  function nodesOf(service: ServiceName): SimulatedNode[] {
    return [...(nodes.get(service)?.values() ?? [])];
  }

  function anyNode(service: ServiceName): SimulatedNode | undefined {
    const up = nodesOf(service).filter((node) => node.isAlive());
    return up.length > 0 ? random.pick(up) : undefined;
  }

  function databaseOf(service: ServiceName): MemoryDatabase {
    return databases.get(service) as MemoryDatabase;
  }

  function start(service: ServiceName, name: string): void {
    const process = createProcess(name, () => start(service, name));
    const plain = createStorePort(world, process, databaseOf(service));
    const store = bug.store?.(plain, service) ?? plain;
    const honest = createOutbox({ store, clock: time.clock });
    const outbox = bug.outbox?.(honest) ?? honest;
    const payments = provider.portFor(process);
    const mailer = mailbox.portFor(process);
    const schema = services[service].create({ store, outbox, payments, mailer, clock: time.clock }, bug);
    const node = startNode(world, { process, schema, store, outbox: honest, stream, call });
    nodes.get(service)?.set(name, node);
  }

  function createProcess(name: string, startAgain: () => void) {
    const listeners = new Set<() => void>();
    let alive = true;
    return {
      name,
      isAlive: () => alive,
      fate() {
        if (!faults.happens("crash")) return undefined;
        return random.chance(0.5) ? ("before" as const) : ("after" as const);
      },
      onCrash(listener: () => void) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      crash() {
        if (!alive) return;
        alive = false;
        trace?.(name, "CRASHES");
        for (const listener of listeners) listener();
        time.after(random.scaled(50, 5_000), () => {
          trace?.(name, "starts again");
          startAgain();
        });
      },
    };
  }

  function call(...[from, action, params, origin]: Parameters<PlaceCall>): Promise<unknown> {
    const [service, name] = action.split(".") as [ServiceName, string];
    return ask(world, {
      process: from,
      what: `calls ${action}`,
      timeoutMs: CALL_TIMEOUT_MS,
      unknown: () => new Errors.RequestTimeoutError({ action }),
      serve: async () => {
        const node = anyNode(service);
        if (!node) throw new Errors.ServiceNotAvailableError({ action });
        if (refused.has(action)) throw new Errors.MoleculerClientError("Refused for good", 422, "REFUSED");
        return node.act(name, params, origin);
      },
    });
  }

  return {
    stream,
    provider,
    mailbox,
    services: names,
    databaseOf,
    call,
    /** From now on a call fails by a rule of its service, as a shipment does whose goods are broken. */
    refuse: (action: string) => void refused.add(action),
    /** Whether nothing is on its way any more: at rest until somebody acts. */
    isAtRest(): boolean {
      if (time.waiting() > 0) return false;
      return names.every((name) => databaseOf(name).count(outboxRows, { where: { pending: 1 } }) === 0);
    },
    /** `kill -9` of all nodes of the services, or of all of them. */
    crash(...which: ServiceName[]): void {
      for (const service of which.length > 0 ? which : names)
        for (const node of nodesOf(service) as Process[]) node.crash();
    },
  };
}
