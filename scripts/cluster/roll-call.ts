/** Asks the nodes of a cluster over NATS which services they host, without joining it. */
import { brokerOptions } from "../../moleculer.config.ts";
import type { Settings } from "../../settings.ts";
import { connectNats } from "./nats-client.ts";

/** Moleculer's wire protocol: a node answers DISCOVER with INFO, but only once its services have started. */
const PROTOCOL_VERSION = "5";

export interface RollCall {
  /** The services of each node that answers within `waitMs`, by node id. */
  ask(options: { waitMs: number; expected: number }): Promise<Map<string, readonly string[]>>;
  close(): Promise<void>;
}

/** @throws {NatsError} the server is not there, or refuses the credentials */
export async function openRollCall(settings: Settings, natsUrl: string): Promise<RollCall> {
  const connection = await connectNats(natsUrl);
  const asker = `roll-call-${process.pid}-${Date.now()}`;
  const prefix = `MOL-${brokerOptions({ ...settings, NATS_URL: natsUrl }, asker).namespace}`;
  const question = JSON.stringify({ ver: PROTOCOL_VERSION, sender: asker });

  return {
    async ask({ waitMs, expected }) {
      const present = new Map<string, readonly string[]>();
      const answers = connection.subscribe(`${prefix}.INFO.${asker}`);
      const timer = setTimeout(() => answers.unsubscribe(), waitMs);
      connection.publish(`${prefix}.DISCOVER`, question);
      for await (const answer of answers) {
        const { sender, services } = answer.json<{ sender: string; services: { name: string }[] }>();
        present.set(
          sender,
          services.map(({ name }) => name),
        );
        if (present.size >= expected) answers.unsubscribe();
      }
      clearTimeout(timer);
      return present;
    },
    close: () => connection.close(),
  };
}
