const SILENT_AFTER_MS = 750;

/** Remembers which nodes owe a sign of life. */
export interface NodePulse {
  asked(nodeId: string): void;
  heard(nodeId: string): void;
  forget(nodeId: string): void;
  /** The nodes that were asked and have not been heard since. */
  waitedFor(): Iterable<string>;
  /** Whether a node has owed an answer for longer than a healthy one ever does. */
  isSilent(nodeId: string): boolean;
}

/** @param now milliseconds of a clock that never goes back */
export function createNodePulse({ now }: { now: () => number }): NodePulse {
  const askedAt = new Map<string, number>();
  return {
    asked(nodeId) {
      if (!askedAt.has(nodeId)) askedAt.set(nodeId, now());
    },
    heard: (nodeId) => void askedAt.delete(nodeId),
    forget: (nodeId) => void askedAt.delete(nodeId),
    waitedFor: () => askedAt.keys(),
    isSilent(nodeId) {
      const since = askedAt.get(nodeId);
      return since !== undefined && now() - since > SILENT_AFTER_MS;
    },
  };
}
