import { type CryptoKey, importJWK, type JWK } from "jose";
import { Errors } from "moleculer";

/** How soon the keys are asked for again when a token names one that they lack. */
const REFETCH_AFTER_MS = 5_000;

/**
 * The public keys that tokens are signed with: asked for once, imported once, and again when a token names an
 * unknown key, at a bounded rate.
 * @param fetch asks accounts for its keys
 * @param clock Unix time in milliseconds
 */
export function createPublicKeys({
  fetch,
  algorithm,
  clock,
}: {
  fetch: () => Promise<readonly JWK[]>;
  algorithm: string;
  clock: () => number;
}) {
  let keys = new Map<string, CryptoKey>();
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  async function refetch(): Promise<void> {
    try {
      const jwks = await fetch();
      const imported = jwks.map(async (jwk) => [jwk.kid, await importJWK(jwk, algorithm)] as const);
      keys = new Map((await Promise.all(imported)) as [string, CryptoKey][]);
      fetchedAtMs = clock();
    } catch (error) {
      throw new KeysUnavailable({ cause: error });
    } finally {
      fetching = undefined;
    }
  }

  return {
    /**
     * The key of this id; undefined when accounts knows none.
     * @throws {KeysUnavailable} accounts can not be asked, so nobody knows
     */
    async find(keyId: string): Promise<CryptoKey | undefined> {
      if (!keys.has(keyId) && clock() - fetchedAtMs >= REFETCH_AFTER_MS) {
        fetching ??= refetch();
        await fetching;
      }
      return keys.get(keyId);
    },
  };
}

export type PublicKeys = ReturnType<typeof createPublicKeys>;

/** Whether a token is good can not be told, because accounts is away. */
export class KeysUnavailable extends Errors.MoleculerError {
  constructor(options: ErrorOptions) {
    super("The keys that tokens are signed with are not known", 503, "KEYS_UNAVAILABLE");
    this.cause = options.cause;
  }
}
