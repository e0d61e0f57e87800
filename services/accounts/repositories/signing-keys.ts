import type { JWK } from "jose";
import { CommitConflict, collection, insert, type Store } from "../../../mixins/persistence/store.ts";

/** A pair of keys that signs tokens, as JSON Web Keys (RFC 7517). */
export type SigningKey = {
  readonly id: string;
  readonly publicKey: JWK & { kid: string; kty: string; alg: string };
  readonly privateKey: JWK;
  readonly createdAt: string;
};

export const signingKeyRows = collection<SigningKey>({ name: "signing_keys", key: "id" });

export type SigningKeys = ReturnType<typeof createSigningKeys>;

/** The signing key in the store, which all nodes of accounts share. */
export function createSigningKeys({ store }: { store: Pick<Store, "commit" | "get"> }) {
  return {
    find: (id: string): Promise<SigningKey | undefined> => store.get(signingKeyRows, id),

    /** Stores a key, unless another node was faster. */
    async addIfAbsent(key: SigningKey): Promise<void> {
      try {
        await store.commit([insert(signingKeyRows, key)]);
      } catch (error) {
        if (!(error instanceof CommitConflict)) throw error;
      }
    },
  };
}
