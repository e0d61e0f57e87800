import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { DependencyUnavailable } from "../../../mixins/errors.ts";

const deriveKey = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** About 100 ms of one core and 32 MB for each try. */
const COST = { N: 2 ** 15, r: 8, p: 1 };
/** Hashing shares a pool of threads with all else that Node does aside: it gets some of them, and a short queue. */
const AT_ONCE = 2;
const MAX_WAITING = 16;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

export type Passwords = ReturnType<typeof createPasswords>;

/** Hashes and checks passwords with scrypt (RFC 7914), off the event loop. A hash names its own cost: `scrypt$N$r$p$salt$key`. */
export function createPasswords(cost: { N: number; r: number; p: number } = COST) {
  const waiting: (() => void)[] = [];
  let running = 0;

  // Nobody's: checked where there is no account, so that an unknown address takes as long as a wrong password.
  const nobody = encode(cost, randomBytes(SALT_BYTES), randomBytes(KEY_BYTES));

  return {
    /** @throws {DependencyUnavailable} too many wait already */
    async hash(password: string): Promise<string> {
      const salt = randomBytes(SALT_BYTES);
      return encode(cost, salt, await derived(password, salt, cost, KEY_BYTES));
    },

    /**
     * Whether a password fits a hash; without a hash it never does, after the same work.
     * @throws {DependencyUnavailable} too many wait already
     */
    async fits(password: string, hash: string | undefined): Promise<boolean> {
      const [, N, r, p, salt = "", key = ""] = (hash ?? nobody).split("$");
      const expected = Buffer.from(key, "base64url");
      const own = { N: Number(N), r: Number(r), p: Number(p) };
      const actual = await derived(password, Buffer.from(salt, "base64url"), own, expected.length);
      return timingSafeEqual(actual, expected) && hash !== undefined;
    },
  };

  /** A crowd that would wait longer than its callers do is turned away at once. */
  async function derived(...work: Parameters<typeof derive>): Promise<Buffer> {
    if (waiting.length >= MAX_WAITING) throw new DependencyUnavailable("Too many sign in at once");
    if (running < AT_ONCE) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await derive(...work);
    } finally {
      // The place goes to the next in the queue, if there is one.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }
}

function derive(password: string, salt: Buffer, { N, r, p }: typeof COST, bytes: number): Promise<Buffer> {
  // scrypt needs 128 * N * r bytes, which is Node's default limit or more.
  return deriveKey(password.normalize("NFKC"), salt, bytes, { N, r, p, maxmem: 2 * 128 * N * r });
}

function encode({ N, r, p }: typeof COST, salt: Buffer, key: Buffer): string {
  return ["scrypt", N, r, p, salt.toString("base64url"), key.toString("base64url")].join("$");
}
