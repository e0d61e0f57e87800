import type { Service, ServiceBroker, ServiceSchema } from "moleculer";

const LOOK_EVERY_MS = 500;

/** What a node tells the others about itself, in the metadata of its Moleculer node information. */
interface HealthMetadata {
  /** Services of the node that lack something they need, such as their store. */
  unhealthy?: readonly string[];
}

/**
 * Mixin: the service's node tells all others when the service becomes unhealthy, and when it is well again. Nothing
 * is sent while nothing changes. Calls still go to it: what works without the store works on.
 */
export function tellHealth(isHealthy: () => boolean): Partial<ServiceSchema> {
  let timer: NodeJS.Timeout | undefined;
  return {
    async started(this: Service) {
      timer = setInterval(() => tell(this, isHealthy()), LOOK_EVERY_MS);
    },
    async stopped() {
      clearInterval(timer);
    },
  };
}

/** Whether at least one node in reach hosts the service and has not told that it is unhealthy there. */
export function isHealthySomewhere(broker: ServiceBroker, service: string): boolean {
  return broker.registry
    .getServiceList({ onlyAvailable: true, skipInternal: true })
    .some(({ name, nodeID = "" }) => name === service && !unhealthyOf(broker, nodeID).includes(service));
}

function unhealthyOf(broker: ServiceBroker, nodeId: string): readonly string[] {
  const node: { metadata?: HealthMetadata | null } | undefined = broker.registry.nodes.get(nodeId);
  return node?.metadata?.unhealthy ?? [];
}

function tell({ broker, name, logger }: Service, isHealthy: boolean): void {
  const metadata = broker.metadata as HealthMetadata;
  const unhealthy = new Set(metadata.unhealthy);
  // A stopping broker has told that it hosts nothing any more: that must stand.
  if (!broker.started || unhealthy.has(name) === !isHealthy) return;
  if (isHealthy) unhealthy.delete(name);
  else unhealthy.add(name);
  metadata.unhealthy = [...unhealthy];
  if (isHealthy) logger.info("healthy again");
  else logger.warn("unhealthy: the store does not work");
  broker.registry.regenerateLocalRawInfo(true);
  void broker.registry.discoverer.sendLocalNodeInfo();
}
