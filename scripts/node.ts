/**
 * Starts one Moleculer node: `node scripts/node.ts services/orders [services/inventory ...] [--id orders-1]`.
 * Ends with exit code 0 after a graceful stop, 1 when it cannot start.
 */
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { BadSetting, readSettings, type Settings } from "../settings.ts";

/** What every `<name>.service.ts` exports: builds the service with its real dependencies, which log to the node's log. */
type ServiceFactory = (settings: Settings, logger: ServiceBroker["logger"]) => ServiceSchema;

const { values, positionals } = parseArgs({ options: { id: { type: "string" } }, allowPositionals: true });

try {
  await startNode(positionals, values.id ?? `${basename(positionals[0] ?? "")}-${process.pid}`);
} catch (error) {
  console.error(error instanceof BadSetting ? error.message : error);
  process.exit(1);
}

async function startNode(folders: readonly string[], nodeId: string): Promise<void> {
  if (folders.length === 0)
    throw new BadSetting("Name at least one service folder, such as services/orders.");
  const settings = readSettings(process.env);
  const broker = new ServiceBroker(brokerOptions(settings, nodeId));
  for (const folder of folders) {
    const { default: createService } = (await import(
      join(process.cwd(), folder, `${basename(folder)}.service.ts`)
    )) as { default: ServiceFactory };
    broker.createService(createService(settings, broker.getLogger(basename(folder))));
  }
  const stop = async (signal: NodeJS.Signals) => {
    broker.logger.info({ signal }, "stopping");
    await broker.stop();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  await broker.start();
}
