/** A small client of the cluster's HTTP interface, for the commands that use it as a customer or admin would. */
import { randomUUID } from "node:crypto";

const REQUEST_TIMEOUT_MS = 12_000;

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

export interface ShopClient {
  get<T = unknown>(path: string): Promise<Answer<T>>;
  /** Posts JSON; the idempotency key is made up unless one is given. */
  post<T = unknown>(path: string, body: unknown, options?: { key?: string }): Promise<Answer<T>>;
  /** As `post`, for changes. */
  patch<T = unknown>(path: string, body: unknown, options?: { key?: string }): Promise<Answer<T>>;
  delete<T = unknown>(path: string): Promise<Answer<T>>;
  /** The same client with somebody's access token. */
  as(accessToken: string): ShopClient;
}

/** @param baseUrl of a gateway, without a slash at its end */
export function createShopClient(baseUrl: string, accessToken?: string): ShopClient {
  async function send<T>(method: string, path: string, init: RequestInit = {}): Promise<Answer<T>> {
    const response = await fetch(`${baseUrl}${path}`, {
      ...init,
      method,
      headers: {
        ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
        ...(init.headers as Record<string, string>),
      },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) as T };
  }

  const write = <T>(
    method: string,
    path: string,
    body: unknown,
    { key = randomUUID() }: { key?: string } = {},
  ): Promise<Answer<T>> =>
    send(method, path, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", "idempotency-key": key },
    });

  return {
    get: (path) => send("GET", path),
    post: (path, body, options) => write("POST", path, body, options),
    patch: (path, body, options) => write("PATCH", path, body, options),
    delete: (path) => send("DELETE", path),
    as: (token) => createShopClient(baseUrl, token),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
