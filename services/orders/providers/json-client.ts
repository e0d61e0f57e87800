/**
 * JSON over HTTP to one host. node:http and not fetch: an agent of its own keeps connections alive, bounds how many
 * there are and can be closed; no redirect is followed; an answer's size is bounded; a call costs less CPU.
 */
import http from "node:http";
import https from "node:https";

const MAX_ANSWER_BYTES = 100_000;
const MAX_CONNECTIONS = 50;

export interface JsonAnswer {
  readonly status: number;
  /** Undefined when it is not JSON. */
  readonly body: unknown;
}

export interface JsonClient {
  /**
   * @param path below the client's URL, for example `/v1/payments`
   * @throws {Error} no complete answer came in time
   */
  post(path: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<JsonAnswer>;
  /** As {@link post}, without a body. */
  get(path: string, headers: Readonly<Record<string, string>>): Promise<JsonAnswer>;
  /** Closes all connections. */
  close(): void;
}

/** @param timeoutMs for one request, from asking for a connection to the last byte of the answer */
export function createJsonClient({ url, timeoutMs }: { url: string; timeoutMs: number }): JsonClient {
  const base = url.replace(/\/+$/, "");
  const protocol = base.startsWith("https:") ? https : http;
  const agent = new protocol.Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });

  function send(
    method: "GET" | "POST",
    path: string,
    headers: Readonly<Record<string, string | number>>,
    content = "",
  ): Promise<JsonAnswer> {
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const fail = (error: Error) =>
        reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause: error }) : error);
      const request = protocol.request(`${base}${path}`, {
        method,
        agent,
        signal,
        headers: { accept: "application/json", ...headers },
      });
      request.once("error", fail);
      request.once("response", (response) => read(response).then(resolve, fail));
      request.end(content);
    });
  }

  return {
    get: (path, headers) => send("GET", path, headers),
    post(path, body, headers) {
      const content = JSON.stringify(body);
      const about = { "content-type": "application/json", "content-length": Buffer.byteLength(content) };
      return send("POST", path, { ...about, ...headers }, content);
    },
    close: () => agent.destroy(),
  };
}

async function read(response: http.IncomingMessage): Promise<JsonAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`The answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString("utf8")) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
