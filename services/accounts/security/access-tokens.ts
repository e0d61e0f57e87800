import { randomUUID } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import type { User } from "../../../contracts/shapes.ts";
import { accessTokens } from "../contract.ts";
import type { SigningKey, SigningKeys } from "../repositories/signing-keys.ts";

const CURRENT = "current";
const { algorithm, issuer, audience, lifetimeSeconds } = accessTokens;

export type AccessTokens = ReturnType<typeof createAccessTokens>;

/**
 * Signs access tokens. The pair of keys is made at the first start of the first node and kept in the store.
 * @param clock Unix time in milliseconds
 */
export function createAccessTokens({ keys, clock }: { keys: SigningKeys; clock: () => number }) {
  let loading: ReturnType<typeof load> | undefined;

  async function load() {
    const stored = (await keys.find(CURRENT)) ?? (await make());
    return { publicKey: stored.publicKey, signingKey: await importJWK(stored.privateKey, algorithm) };
  }

  async function make(): Promise<SigningKey> {
    await keys.addIfAbsent(await newSigningKey(clock()));
    // Another node may have been faster: its key is the one that counts.
    return (await keys.find(CURRENT)) as SigningKey;
  }

  function loaded() {
    loading ??= load().catch((error) => {
      loading = undefined;
      throw error;
    });
    return loading;
  }

  return {
    /** Loads the keys, or makes them; once. */
    prepare: async (): Promise<void> => void (await loaded()),

    /** The public keys that tokens may be signed with. */
    publicKeys: async () => [(await loaded()).publicKey],

    /** A token that says who the user is, with its lifetime in seconds. */
    async sign({ id, email, name, roles }: User): Promise<{ token: string; expiresIn: number }> {
      const { publicKey, signingKey } = await loaded();
      const now = Math.floor(clock() / 1_000);
      const token = await new SignJWT({ email, name, roles })
        .setProtectedHeader({ alg: algorithm, kid: publicKey.kid, typ: "JWT" })
        .setSubject(id)
        .setIssuer(issuer)
        .setAudience(audience)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(signingKey);
      return { token, expiresIn: lifetimeSeconds };
    },
  };
}

async function newSigningKey(nowMs: number): Promise<SigningKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    id: CURRENT,
    publicKey: { ...publicJwk, kty: publicJwk.kty as string, kid, alg: algorithm, use: "sig" },
    privateKey: await exportJWK(pair.privateKey),
    createdAt: new Date(nowMs).toISOString(),
  };
}
