/** Reads the JSON body of a request, within bounds. */
import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { Problem } from "./problems.ts";

const MAX_BODY_BYTES = 100_000;

/**
 * The body as the schema wants it; undefined stands for no body.
 * @throws {Problem} 413 too large, 415 not JSON, 400 malformed, 422 another shape
 */
export async function readJson<S extends z.ZodType>(
  request: IncomingMessage,
  schema: S,
): Promise<z.output<S>> {
  const text = await readText(request);
  if (text !== "" && !/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? ""))
    throw new Problem(415, "Unsupported media type", "Send application/json.");
  return checked(schema, text === "" ? undefined : parse(text), "body");
}

/**
 * @param name what is checked, for the answer
 * @throws {Problem} 422, naming each field
 */
export function checked<S extends z.ZodType>(schema: S, value: unknown, name: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    path: [name, ...path].join("."),
    message,
  }));
  throw new Problem(422, "Invalid input", "The request does not have the right shape.", { data: { errors } });
}

/** A body that is too large is read to its end and dropped: hung up on, a client that still writes hears no answer. */
async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch {
    throw new Problem(400, "Incomplete body", "The body did not arrive.");
  }
  if (length > MAX_BODY_BYTES)
    throw new Problem(413, "Too large", `A body has at most ${MAX_BODY_BYTES} bytes.`);
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, "Malformed JSON", "The body is not JSON.");
  }
}
