import { dirname } from "node:path";
import { type Fetch, locate, run } from "./fetch.ts";

/** macOS, and Linux where brew is there: installs the formula, which starts no service. */
export const fetchWithBrew: Fetch = async ({ brewFormula, target, path, say }) => {
  const brew = locate("brew", path);
  if (!brew) return undefined;
  say(`Fetching ${brewFormula} with brew ...`);
  try {
    await run(brew, ["install", "--quiet", brewFormula], dirname(target));
    return undefined;
  } catch (error) {
    return `brew: ${(error as Error).message}`;
  }
};
