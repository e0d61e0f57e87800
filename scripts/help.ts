/** `make help`: every command and setting, a sentence each. With `--env` prints what `.env.example` holds. */
import { parseArgs } from "node:util";
import { describeSettings, environmentExample } from "./settings-help.ts";

const COMMANDS: Readonly<Record<string, string>> = {
  "make up":
    "Starts the whole cluster in the background, or what is missing of it, and waits until it is ready.",
  "make demo": "Places real orders against the running cluster and shows their way, step by step.",
  "make status": "Shows the parts of the running cluster and their health; exit code 0 when all is well.",
  "make logs":
    "Follows the logs of all parts; REQUEST=<id> shows one request, NODE=orders one part, FOLLOW=no ends.",
  "make repl": "Opens an operator's REPL that is joined to the running cluster.",
  "make scale":
    "Starts or stops nodes until so many host a service: `make scale orders=3 api-gateway=2`; kept by `make up`.",
  "make down": "Stops all that `make up` started, and nothing else.",
  "make test": "Runs every test with real servers; ARGS=tests/unit runs some of them.",
  "make check": "Checks types, lint, format, architecture rules and dead code.",
  "make help": "Shows this.",
  "npm run dev": "Runs all services in one process with hot reload, until Ctrl-C.",
  "npm run docs": "Draws docs/saga.md from the tables of the saga.",
  "npm run measure": "Measures the times and the memory of a cluster.",
};

const { values } = parseArgs({ options: { env: { type: "boolean", default: false } } });
console.log(values.env ? environmentExample().trimEnd() : helpText());

function helpText(): string {
  const settings = describeSettings().map(({ name, description, defaultValue }): [string, string] => [
    name,
    defaultValue === undefined ? description : `${description} Default: ${defaultValue}.`,
  ]);
  return [
    "Commands",
    ...entries(Object.entries(COMMANDS)),
    "",
    "Settings: variables of the environment, of make (`make up PORT=4100`) or of a file .env",
    ...entries(settings),
    "",
    "Clusters with different PORT and DATA_DIR run side by side; commands find theirs by DATA_DIR.",
  ].join("\n");
}

function entries(pairs: readonly (readonly [string, string])[]): string[] {
  return pairs.map(([name, text]) => `  ${name.padEnd(16)} ${text}`);
}
