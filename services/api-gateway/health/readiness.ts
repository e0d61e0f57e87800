/** What a gateway needs to serve requests. */
interface Needs {
  readonly services: readonly string[];
  readonly isConnected: () => boolean;
  readonly isAvailable: (service: string) => boolean;
}

export type ReadinessReport =
  | { readonly ready: true; readonly services: readonly string[] }
  | { readonly ready: false; readonly reason: string; readonly missing: readonly string[] };

/** Tells whether requests can be served, and when the gateway goes out of service. */
export function createReadiness({ services, isConnected, isAvailable }: Needs) {
  let draining = false;
  return {
    /** From now on not ready, for good: the gateway is about to stop. */
    drain() {
      draining = true;
    },
    isDraining: () => draining,
    report(): ReadinessReport {
      if (draining) return { ready: false, reason: "This gateway is stopping.", missing: [] };
      if (!isConnected()) return { ready: false, reason: "NATS is away.", missing: ["nats"] };
      const missing = services.filter((service) => !isAvailable(service));
      if (missing.length > 0) return { ready: false, reason: `Away: ${missing.join(", ")}.`, missing };
      return { ready: true, services };
    },
  };
}

export type Readiness = ReturnType<typeof createReadiness>;
