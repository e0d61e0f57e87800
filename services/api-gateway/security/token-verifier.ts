import { decodeProtectedHeader, jwtVerify } from "jose";
import type { User } from "../../../contracts/shapes.ts";
import { accessTokens, TokenClaims } from "../../accounts/contract.ts";
import { problem } from "../problems/problem.ts";
import type { PublicKeys } from "./public-keys.ts";

interface Verified {
  readonly user: User;
  readonly untilMs: number;
}

/**
 * Verifies access tokens without asking anybody. A verified token is remembered for a short while, because the
 * signature costs more than all the rest of a read.
 * @param clock Unix time in milliseconds
 */
export function createTokenVerifier({
  keys,
  clock,
  rememberMs = 30_000,
  maxRemembered = 5_000,
}: {
  keys: PublicKeys;
  clock: () => number;
  rememberMs?: number;
  maxRemembered?: number;
}) {
  const remembered = new Map<string, Verified>();

  function remember(token: string, verified: Verified): void {
    const oldest = remembered.keys().next();
    if (remembered.size >= maxRemembered && !oldest.done) remembered.delete(oldest.value);
    remembered.set(token, verified);
  }

  async function verify(token: string): Promise<User> {
    const key = await keys.find(keyIdOf(token));
    if (!key) throw problem("invalid-token");
    const { sub: id, exp, email, name, roles } = await claimsOf(token, key, clock());
    const user = { id, email, name, roles };
    remember(token, { user, untilMs: Math.min(exp * 1_000, clock() + rememberMs) });
    return user;
  }

  return {
    /**
     * Who the token stands for.
     * @throws {Problem} invalid-token
     * @throws {KeysUnavailable} accounts is away and the token's key is not known
     */
    async userOf(token: string): Promise<User> {
      const known = remembered.get(token);
      if (known && known.untilMs > clock()) return known.user;
      remembered.delete(token);
      return verify(token);
    },
  };
}

function keyIdOf(token: string): string {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    if (alg === accessTokens.algorithm && kid) return kid;
  } catch {
    // Not a token at all: refused below, like one of another kind.
  }
  throw problem("invalid-token");
}

async function claimsOf(token: string, key: Parameters<typeof jwtVerify>[1], nowMs: number) {
  const { issuer, audience, algorithm } = accessTokens;
  try {
    const { payload } = await jwtVerify(token, key, {
      issuer,
      audience,
      algorithms: [algorithm],
      currentDate: new Date(nowMs),
    });
    return TokenClaims.parse(payload);
  } catch {
    throw problem("invalid-token");
  }
}
