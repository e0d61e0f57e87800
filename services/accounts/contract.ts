/** What accounts takes and tells. The only file of accounts that other services may import. */
import { z } from "zod";
import { call, defineContract } from "../../contracts/define-contract.ts";
import { OneLine, Role, User, UserId } from "../../contracts/shapes.ts";

const Email = z.email().max(254);

export const Register = z.strictObject({
  email: Email,
  password: z.string().min(8).max(128),
  name: OneLine.min(1).max(200),
});

export const Login = z.strictObject({
  email: z.string().min(1).max(254),
  password: z.string().min(1).max(128),
});

export const Session = z.strictObject({
  accessToken: z.string(),
  tokenType: z.literal("Bearer"),
  /** Seconds until the token ends. */
  expiresIn: z.int(),
  user: User,
});

/** What signer and verifiers of access tokens agree on. ES256 is as fast as EdDSA here, and every JWT library knows it. */
export const accessTokens = {
  algorithm: "ES256",
  issuer: "moleculer-orders/accounts",
  audience: "moleculer-orders",
  /** How long a token is good, in seconds. */
  lifetimeSeconds: 3_600,
} as const;

/** The claims of an access token (RFC 7519); times are Unix seconds. */
export const TokenClaims = z.object({
  sub: UserId,
  email: z.string(),
  name: z.string(),
  roles: z.array(Role).min(1),
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
});

/** A public key as a JSON Web Key (RFC 7517). */
const PublicKey = z.looseObject({ kid: z.string(), kty: z.string(), alg: z.string() });

export const accounts = defineContract("accounts", {
  calls: {
    /** Errors: EMAIL_TAKEN (addresses compare without case). */
    register: call({ params: Register, result: User, idempotent: false }),
    /** Errors: BAD_CREDENTIALS, the same for an unknown address and a wrong password. Costly on purpose, so it is not retried. */
    login: call({ params: Login, result: Session, idempotent: false }),
    /** Errors: USER_NOT_FOUND. */
    getUser: call({ params: z.strictObject({ userId: UserId }), result: User, idempotent: true }),
    /** The public keys that tokens are signed with (RFC 7517). */
    publicKeys: call({
      params: z.strictObject({}),
      result: z.strictObject({ keys: z.array(PublicKey) }),
      idempotent: true,
    }),
  },
  events: {},
  commands: {},
});
