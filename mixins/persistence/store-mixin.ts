import type { ServiceBroker, ServiceSchema } from "moleculer";
import DbService from "moleculer-db";
import { tellHealth } from "../health/tell-health.ts";
import type { Collection, ConnectedStore, Query } from "./store.ts";

/** moleculer-db's actions would let a caller write any field and probe hidden ones: none of them exists. */
const NO_ACTIONS = Object.fromEntries(
  ["find", "count", "list", "create", "insert", "get", "update", "remove"].map((name) => [name, false]),
);

const WRITES = ["insert", "insertMany", "updateMany", "updateById", "removeMany", "removeById", "clear"];

/** What moleculer-db's own helpers ask for. */
interface AdapterQuery {
  readonly query?: NonNullable<Query["where"]>;
  /** Field names; a `-` before one turns its order around. */
  readonly sort?: string | readonly string[];
  readonly limit?: number | null;
  readonly offset?: number | null;
}

/**
 * Gives a service its store: connected at start by moleculer-db, with retries until it works, and
 * disconnected at stop. moleculer-db's read helpers are answered by the main collection; its writes refuse.
 *
 * Put it LAST in `mixins`: Moleculer starts mixins from the last to the first, and stops them the other way round.
 * So the store is there before all others start, and goes after all others have stopped.
 */
export function storeMixin(store: ConnectedStore): Partial<ServiceSchema> {
  const [main] = store.collections;
  if (!main) throw new TypeError("A store needs at least one collection");
  return {
    mixins: [tellHealth(() => store.isHealthy()), DbService as Partial<ServiceSchema>],
    adapter: adapterOf(store, main),
    settings: { idField: main.key },
    actions: NO_ACTIONS,
  } as Partial<ServiceSchema>;
}

/** A plain object of closures: Moleculer clones schemas, and a clone of the store would be another store. */
function adapterOf(store: ConnectedStore, main: Collection) {
  let logger: ServiceBroker["logger"];
  return {
    init(_broker: ServiceBroker, service: { logger: ServiceBroker["logger"] }) {
      logger = service.logger;
    },
    async connect() {
      try {
        await store.connect();
      } catch (error) {
        logger.error({ error: String(error) }, "store cannot be opened, trying again");
        throw error;
      }
    },
    disconnect: () => store.disconnect(),

    async find({ query = {}, sort, limit, offset }: AdapterQuery = {}) {
      const skipped = offset ?? 0;
      const found = await store.find(main, {
        where: query,
        orderBy: orderOf(sort),
        ...(limit == null ? {} : { limit: skipped + limit }),
      });
      return found.slice(skipped);
    },
    async findOne(query: NonNullable<Query["where"]>) {
      const [found] = await store.find(main, { where: query, limit: 1 });
      return found ?? null;
    },
    findById: async (id: string) => (await store.get(main, id)) ?? null,
    async findByIds(ids: readonly string[]) {
      const found = await Promise.all(ids.map((id) => store.get(main, id)));
      return found.filter((document) => document !== undefined);
    },
    count: ({ query = {} }: AdapterQuery = {}) => store.count(main, { where: query }),

    ...Object.fromEntries(WRITES.map((name) => [name, refuseWrite])),
    entityToObject: (entity: unknown) => entity,
    beforeSaveTransformID: (entity: unknown) => entity,
    afterRetrieveTransformID: (entity: unknown) => entity,
  };
}

function orderOf(sort: AdapterQuery["sort"] = []): NonNullable<Query["orderBy"]> {
  const terms = typeof sort === "string" ? sort.split(/[\s,]+/).filter(Boolean) : sort;
  return terms.map((term) =>
    term.startsWith("-") ? { field: term.slice(1), direction: "desc" } : { field: term, direction: "asc" },
  );
}

async function refuseWrite(): Promise<never> {
  throw new Error("All writes go through commit(batch) of the store, none through moleculer-db");
}
