import type { Idempotency } from "../../contracts/shapes.ts";
import { DomainError } from "../errors.ts";
import { retryOnConflict } from "../persistence/retry-on-conflict.ts";
import { collection, insert, type Store, type Write } from "../persistence/store.ts";

/** Which resource an idempotency key made or changed. `rememberedAtMs` is for clean-up by age. */
type RememberedKey = {
  readonly key: string;
  readonly fingerprint: string;
  readonly resourceId: string;
  readonly rememberedAtMs: number;
};

/** Belongs among the collections of every store whose service takes idempotency keys. */
export const idempotencyCollection = collection<RememberedKey>({
  name: "idempotency_keys",
  key: "key",
  fields: { rememberedAtMs: "number" },
  indexes: [["rememberedAtMs"]],
});

/** Which keys go by their age: clients are promised 24 hours. */
export const oldKeys = {
  collection: idempotencyCollection,
  by: "rememberedAtMs",
  keepMs: 48 * 3_600_000,
};

/** The key was used before, for a request with another body. */
export class IdempotencyKeyReused extends DomainError {
  readonly code = "IDEMPOTENCY_KEY_REUSED";
  constructor() {
    super("The idempotency key was used before for another request");
  }
}

export type IdempotencyKeys = ReturnType<typeof createIdempotency>;

/**
 * One idempotency key, one effect. Look the key up first; bind it in the same batch as the effect, so that
 * only what changed something is remembered. When two requests race with one key, the second's batch
 * conflicts: look the key up again and answer what the first one made.
 */
export function createIdempotency({ store }: { store: Pick<Store, "get"> }) {
  /**
   * The id of what this key made or changed before; undefined for a new key.
   * @throws {IdempotencyKeyReused} the key belongs to another fingerprint
   */
  async function find({ key, fingerprint }: Idempotency): Promise<string | undefined> {
    const remembered = await store.get(idempotencyCollection, key);
    if (remembered && remembered.fingerprint !== fingerprint) throw new IdempotencyKeyReused();
    return remembered?.resourceId;
  }

  /** The write that binds a key to its resource; conflicts (`exists`) when the key is bound already. */
  function remember({ key, fingerprint }: Idempotency, resourceId: string, nowMs: number): Write {
    return insert(idempotencyCollection, { key, fingerprint, resourceId, rememberedAtMs: nowMs });
  }

  /**
   * Runs the effect of a new key, or answers by `replay` what the key made before. The key is looked up again
   * before any failure: a refusal may come from the effect of the same key, which somebody else just made.
   * @param effect reads, decides and commits its batch together with `remember(...)`; tried again on a conflict
   * @param replay answers the thing as it is now
   * @throws {IdempotencyKeyReused} the key belongs to another fingerprint
   */
  function once<Made, Known>(
    idempotency: Idempotency,
    { effect, replay }: { effect: () => Promise<Made>; replay: (resourceId: string) => Promise<Known> },
  ): Promise<Made | Known> {
    return retryOnConflict(async () => {
      const known = await find(idempotency);
      if (known !== undefined) return replay(known);
      try {
        return await effect();
      } catch (error) {
        const made = await find(idempotency);
        if (made === undefined) throw error;
        return replay(made);
      }
    });
  }

  return { find, remember, once };
}
