/** What `make scale` was asked for. */
import { CannotDo } from "../command.ts";

const MOST = 32;
/** Settings are variables of make too. */
const SETTING = /^[A-Z][A-Z0-9_]*=/;

/**
 * The words of `make scale orders=3`: make takes them for variables, and hands those on in MAKEFLAGS.
 * @param makeFlags such as ` -- orders=3 DATA_DIR=/a\ folder`
 */
export function wordsOfMake(makeFlags = ""): string[] {
  const words = makeFlags.match(/(?:\\.|\S)+/g) ?? [];
  return words.filter((word) => /^[^-=][^=]*=/.test(word) && !SETTING.test(word));
}

/**
 * How many nodes are wanted, by service.
 * @param words such as `orders=3`
 * @throws {CannotDo} a word that is none of that
 */
export function parseCounts(words: readonly string[], services: readonly string[]): Record<string, number> {
  if (words.length === 0) throw new CannotDo("Say how many nodes you want, such as `make scale orders=3`.");
  return Object.fromEntries(words.map((word) => parseCount(word, services)));
}

function parseCount(word: string, services: readonly string[]): [string, number] {
  const [service = "", count = ""] = word.split(/=(.*)/s);
  if (!services.includes(service))
    throw new CannotDo(`There is no service ${service || word}: choose from ${services.join(", ")}.`);
  if (/^0+$/.test(count))
    throw new CannotDo(
      `${service} needs at least one node: \`make scale ${service}=1\`, or \`make down\` for all.`,
    );
  if (!/^\d+$/.test(count) || Number(count) > MOST)
    throw new CannotDo(
      `The number of nodes of ${service} must be a whole number from 1 to ${MOST}, such as ${service}=3.`,
    );
  return [service, Number(count)];
}
