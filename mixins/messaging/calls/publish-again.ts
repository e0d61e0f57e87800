import type { Store } from "../../persistence/store.ts";
import type { Publisher } from "../publisher.ts";
import { outboxRowsOf } from "./messages-of.ts";

/** Publishes all outbox messages of some orders again; answers how many the stream has taken. */
export function publishAgain({
  store,
  publisher,
}: {
  store: Pick<Store, "find">;
  publisher: () => Pick<Publisher, "publishAgain">;
}) {
  return async ({ orderIds }: { orderIds: readonly string[] }): Promise<{ published: number }> => ({
    published: await publisher().publishAgain(await outboxRowsOf(store, orderIds)),
  });
}
