import { problem } from "../problems/problem.ts";

const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * The token of an `Authorization: Bearer` header (RFC 6750).
 * @throws {Problem} unauthenticated without the header, invalid-token when it holds something else
 */
export function bearerToken(header: string | undefined): string {
  if (header === undefined) throw problem("unauthenticated");
  const token = BEARER.exec(header)?.[1];
  if (!token) throw problem("invalid-token");
  return token;
}
