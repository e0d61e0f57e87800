/** A database as a process of the simulation reaches it: each read and commit takes a moment, and may be refused. */
import type { Document } from "../../mixins/persistence/store.ts";
import { type ConnectedStore, StoreUnavailable, type Write } from "../../mixins/persistence/store.ts";
import type { MemoryDatabase } from "../support/memory-store.ts";
import { type Process, step, type World } from "./world.ts";

export function createStorePort(world: World, process: Process, database: MemoryDatabase): ConnectedStore {
  function access<T>(what: () => string, effect: () => T): Promise<T> {
    return step(world, process, what, () => {
      if (world.faults.happens("storeBusy")) throw new StoreUnavailable("The store is busy");
      return effect();
    });
  }

  return {
    collections: database.collections,
    connect: async () => {},
    disconnect: async () => {},
    isHealthy: () => true,
    commit: (writes) =>
      access(
        () => `commits ${writes.map(tell).join(", ")}`,
        () => database.commit(writes),
      ),
    get: (collection, key) =>
      access(
        () => `reads ${collection.name} ${key}`,
        () => database.get(collection, key),
      ),
    find: (collection, query) =>
      access(
        () => `finds ${collection.name}`,
        () => database.find(collection, query),
      ),
    count: (collection, query) =>
      access(
        () => `counts ${collection.name}`,
        () => database.count(collection, query),
      ),
  };
}

function tell(write: Write): string {
  const { name } = write.collection;
  switch (write.kind) {
    case "insert":
    case "replace":
      return `${write.kind} ${name} ${tellDocument(write.document, write.collection.key)}`;
    case "adjust":
      return `adjust ${name} ${write.key} ${JSON.stringify(write.by)}`;
    case "remove":
      return `remove ${name} ${write.key}`;
  }
}

function tellDocument(document: Document, key: string): string {
  const message = document.message as { type?: string } | undefined;
  return [document[key], document.status, message?.type].filter(Boolean).join(" ");
}
