import type { ServiceBroker } from "moleculer";
import type { NatsConnection } from "nats";

const BEAT_MS = 500;
/** Losing NATS must show within 3 s, also when its process hangs or the link is half-open. */
const LOST_AFTER_MS = 2_000;

/**
 * Feels whether NATS answers: Moleculer does not tell when its NATS client loses the server
 * (`$transporter.disconnected` is not emitted), and a hanging server looks connected to the client.
 * A broker without a transporter needs no NATS, and counts as connected.
 */
export function createNatsPulse(broker: ServiceBroker) {
  let lastBeatMs = Number.NEGATIVE_INFINITY;
  let beating = false;
  let timer: NodeJS.Timeout | undefined;

  /** A flush is a round trip, PING and PONG; it rejects when the client dials again. */
  async function beat(): Promise<void> {
    const client = natsClient(broker);
    if (!client || beating) return;
    beating = true;
    try {
      await client.flush();
      lastBeatMs = performance.now();
    } catch {
      // No beat: that is all there is to know.
    } finally {
      beating = false;
    }
  }

  return {
    start() {
      void beat();
      timer = setInterval(() => void beat(), BEAT_MS);
    },
    stop() {
      clearInterval(timer);
    },
    isConnected: () => !broker.transit || performance.now() - lastBeatMs < LOST_AFTER_MS,
  };
}

function natsClient(broker: ServiceBroker): NatsConnection | undefined {
  return (broker.transit?.tx as { client?: NatsConnection | null } | undefined)?.client ?? undefined;
}
