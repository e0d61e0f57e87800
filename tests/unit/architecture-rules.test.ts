/** Each rule that `make check` enforces is broken once here, so that a rule that checks nothing is seen. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "../..");
const LONG = 60_000;

const HARMLESS = "export const value = 1;\n";
const importing = (...modules: string[]) =>
  modules.map((name, index) => `import * as m${index} from "${name}";\nexport { m${index} };`).join("\n");

/** Files that others import, and files that use all that they may use. */
const lawful: Readonly<Record<string, string>> = {
  "contracts/shapes.ts": importing("zod"),
  "settings.ts": importing("zod"),
  "mixins/errors.ts": HARMLESS,
  "mixins/persistence/store.ts": importing("node:sqlite", "moleculer-db"),
  "mixins/persistence/retry-on-conflict.ts": HARMLESS,
  "mixins/messaging/outbox.ts": importing("nats", "../persistence/store.ts"),
  "services/inventory/contract.ts": importing("../../contracts/shapes.ts"),
  "services/inventory/domain/stock.ts": importing("zod", "../../../mixins/errors.ts", "../contract.ts"),
  "services/orders/contract.ts": importing("../../contracts/shapes.ts"),
  "services/orders/domain/order.ts": importing("./money.ts", "../../inventory/contract.ts"),
  "services/orders/domain/money.ts": HARMLESS,
  "services/orders/handlers/place.ts": importing(
    "moleculer",
    "../domain/order.ts",
    "../../../mixins/persistence/retry-on-conflict.ts",
  ),
  "services/orders/repositories/orders.ts": importing("../../../mixins/persistence/store.ts"),
  "services/orders/providers/payment.ts": importing("opossum", "node:http"),
  "services/orders/orders.service.ts": importing(
    "./handlers/place.ts",
    "./repositories/orders.ts",
    "./providers/payment.ts",
    "../../mixins/persistence/store.ts",
  ),
  "services/api-gateway/http.ts": importing("moleculer-web", "node:http", "../orders/contract.ts"),
  "sandbox/mail-sink/main.ts": importing("smtp-server"),
  "tests/support/mother.ts": importing("../../services/orders/domain/order.ts"),
};

/** The rule, the file that breaks it, and what that imports. */
const unlawful: readonly (readonly [rule: string, file: string, ...imports: string[]])[] = [
  ["services-meet-in-contracts", "services/orders/handlers/peek.ts", "../../inventory/domain/stock.ts"],
  ["others-know-contracts-only", "scripts/peek.ts", "../services/orders/domain/order.ts"],
  ["shared-code-knows-no-service", "mixins/know.ts", "../services/orders/contract.ts"],
  ["domain-is-pure", "services/orders/domain/clock.ts", "node:fs"],
  ["domain-is-pure", "services/orders/domain/save.ts", "../repositories/orders.ts"],
  ["domain-is-pure", "services/orders/domain/stock.ts", "../../inventory/domain/stock.ts"],
  ["context-stays-in-handlers", "services/orders/repositories/ctx.ts", "moleculer"],
  [
    "only-repositories-know-the-store",
    "services/orders/handlers/store.ts",
    "../../../mixins/persistence/store.ts",
  ],
  ["databases-behind-the-port", "services/orders/repositories/sql.ts", "node:sqlite"],
  ["streams-behind-the-mixin", "services/orders/handlers/publish.ts", "nats"],
  ["only-providers-know-the-outside", "services/orders/handlers/mail.ts", "nodemailer"],
  ["only-providers-know-the-outside", "services/orders/repositories/fetch.ts", "node:https"],
  ["only-the-gateway-serves-http", "services/orders/handlers/serve.ts", "moleculer-web"],
  ["sandboxes-stand-outside", "sandbox/mail-sink/inside.ts", "../../mixins/errors.ts"],
  ["tests-are-not-shipped", "services/orders/handlers/test.ts", "../../../tests/support/mother.ts"],
  ["no-development-packages", "services/orders/handlers/dev.ts", "fast-check"],
  ["no-cycles", "services/orders/handlers/egg.ts", "./hen.ts"],
  ["no-orphans", "services/orders/handlers/alone.ts"],
  ["no-unresolvable", "services/orders/handlers/lost.ts", "./nowhere.ts"],
];

const trees: string[] = [];
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true });
});

function plant(files: Readonly<Record<string, string>>): string {
  const tree = mkdtempSync(join(tmpdir(), "architecture-"));
  trees.push(tree);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), content);
  }
  for (const name of ["package.json", "tsconfig.json", ".dependency-cruiser.js"])
    cpSync(join(ROOT, name), join(tree, name));
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  return tree;
}

/** The violations of the import rules in a tree, as `rule: file`. */
function violationsIn(tree: string): string[] {
  const folders = ["services", "mixins", "contracts", "sandbox", "scripts", "tests", "settings.ts"];
  mkdirSync(join(tree, "scripts"), { recursive: true });
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs"),
      ...["--config", ".dependency-cruiser.js", "--output-type", "json"],
      ...folders,
    ],
    { cwd: tree, encoding: "utf8", maxBuffer: 64 * 2 ** 20 },
  );
  if (!stdout) throw new Error(stderr);
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  return summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`);
}

describe("the import rules", () => {
  let violations: string[];
  beforeAll(() => {
    const files = unlawful.map(([, file, ...imports]) => [file, importing(...imports) || HARMLESS] as const);
    const hen = { "services/orders/handlers/hen.ts": importing("./egg.ts") };
    violations = violationsIn(plant({ ...lawful, ...hen, ...Object.fromEntries(files) }));
  }, LONG);

  test("allow what the architecture allows", () => expect(violationsIn(plant(lawful))).toEqual([]), LONG);

  test.each(unlawful)("%s is broken by %s", (rule, file) => {
    expect(violations).toContain(`${rule}: ${file}`);
  });

  test("are each broken once here", () => {
    const rules = readFileSync(join(ROOT, ".dependency-cruiser.js"), "utf8").matchAll(/^ +name: "(.*)",$/gm);
    const names = [...rules].map(([, name]) => name);
    expect([...new Set(unlawful.map(([rule]) => rule))].sort()).toEqual(names.sort());
  });
});

describe("the lint rules", () => {
  const sources: Readonly<Record<string, string>> = {
    "services/counter.ts": "let count = 0;\nexport const next = () => ++count;\n",
    "services/cache.ts": "export const cache = new Map<string, number>();\n",
    "services/environment.ts": "export const port = () => process.env.PORT;\n",
    "services/lawful.ts":
      'export const words = new Set(["a"]);\nexport function createCounter() {\n  let count = 0;\n  return () => ++count;\n}\n',
    "scripts/environment.ts": "export const port = () => process.env.PORT;\n",
  };
  let findings: string[];
  beforeAll(() => {
    const tree = plant(sources);
    cpSync(join(ROOT, "scripts/check"), join(tree, "scripts/check"), { recursive: true });
    cpSync(join(ROOT, "biome.json"), join(tree, "biome.json"));
    const { stdout } = spawnSync(
      join(ROOT, "node_modules/.bin/biome"),
      ["lint", "--vcs-enabled=false", "--reporter=json", "services", "scripts"],
      { cwd: tree, encoding: "utf8" },
    );
    findings = parseFindings(stdout);
  }, LONG);

  test("find state and environment reads in modules of services, and nowhere else", () => {
    expect(findings.sort()).toEqual([
      "lint/style/noProcessEnv: services/environment.ts",
      "plugin: services/cache.ts",
      "plugin: services/counter.ts",
    ]);
  });
});

function parseFindings(json: string): string[] {
  const { diagnostics } = JSON.parse(json) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  return diagnostics.map(
    ({ category, location: { path } }) => `${category}: ${typeof path === "string" ? path : path.file}`,
  );
}
