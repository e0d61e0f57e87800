import { invalidRequest } from "../problems/check-shape.ts";
import { problem } from "../problems/problem.ts";

/**
 * The query parameters of a URL, each with one value. No nesting: `a[b]=1` is a parameter named `a[b]`.
 * @throws {Problem} malformed-request when it is not well percent-encoded, invalid-request when a name stands twice
 */
export function parseQuery(url: string): Record<string, string> {
  const start = url.indexOf("?");
  const pairs = start === -1 ? [] : url.slice(start + 1).split("&");
  const query = new Map<string, string>();
  for (const pair of pairs.filter(Boolean)) {
    const [name, value] = parsePair(pair);
    if (query.has(name)) throw invalidRequest([{ path: name, message: "must not stand twice" }]);
    query.set(name, value);
  }
  return Object.fromEntries(query);
}

function parsePair(pair: string): [string, string] {
  const separator = pair.indexOf("=");
  if (separator === -1) return [decode(pair), ""];
  return [decode(pair.slice(0, separator)), decode(pair.slice(separator + 1))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw problem("malformed-request", { detail: "The query is not well percent-encoded." });
  }
}
