/** `make check`: types, lint and format, architecture rules and dead code; all are run, one line each. */
import { spawnSync } from "node:child_process";
import { ROOT } from "./command.ts";

const SOURCES = [
  ..."services mixins contracts sandbox scripts tests bench".split(" "),
  ..."settings.ts moleculer.config.ts".split(" "),
];

const CHECKS: readonly (readonly [what: string, program: string, ...args: string[]])[] = [
  ["types", "tsc"],
  ["lint and format", "biome", "check", "."],
  ["architecture", "depcruise", "--config", ".dependency-cruiser.js", ...SOURCES],
  ["dead code", "knip"],
];

const failed = CHECKS.filter(([what, program, ...args]) => {
  const startedAtMs = performance.now();
  const { status, stdout, stderr } = spawnSync(`node_modules/.bin/${program}`, args, {
    cwd: ROOT,
    encoding: "utf8",
  });
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${what} (${seconds} s)`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status !== 0;
});
process.exitCode = failed.length === 0 ? 0 : 1;
