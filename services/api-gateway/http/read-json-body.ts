import type { IncomingMessage } from "node:http";
import { problem } from "../problems/problem.ts";

/** 100 kB, with a k of 1,000. */
const MAX_BYTES = 100_000;
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?$/i;

/**
 * Reads a JSON body; a request without a body counts as `{}`.
 * @throws {Problem} unsupported-media-type, body-too-large, malformed-json
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  if (!hasBody(request)) return {};
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
  if (!JSON_TYPE.test(type.trim()) || encoding.toLowerCase() !== "identity")
    throw problem("unsupported-media-type");
  const bytes = await readBytes(request);
  return bytes.length === 0 ? {} : parseJson(bytes);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BYTES) throw tooLarge(request);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > MAX_BYTES) throw tooLarge(request);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw problem("malformed-json");
  }
}

/** The rest is thrown away as it comes: a client that is still sending would miss the answer if we hung up. */
function tooLarge(request: IncomingMessage) {
  request.resume();
  return problem("body-too-large");
}
