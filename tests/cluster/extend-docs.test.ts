/** `docs/extend.md`, followed to the letter in a copy of the project: what a newcomer builds by it works. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { emptyCluster, type TestCluster, until, waitForOrder } from "../support/cluster.ts";
import { placeOrder } from "../support/shop.ts";

const ROOT = join(import.meta.dirname, "../..");
const NOT_COPIED = ["node_modules", ".git", ".cache", ".servers", "data", "coverage"];
const LONG = 300_000;

const page = readFileSync(join(ROOT, "docs/extend.md"), "utf8");
/** The files that the page says to paste. */
const pasted = [...page.matchAll(/^\*\*`([^`]+)`\*\*\n\n```ts\n([\s\S]*?)^```/gm)].map(
  ([, file = "", content = ""]) => ({ file, content }),
);
/** The rows of the table of what is to be added to files that are there. */
const edits = [...page.matchAll(/^\| `([^`]+)`[^|]* \| `([^`]+)` \| `([^`]+)` \|$/gm)].map(
  ([, file = "", after = "", added = ""]) => ({ file, after, added }),
);
const touched = [...new Set([...pasted, ...edits].map(({ file }) => file))];

let tree: string;
let cluster: TestCluster;
beforeAll(async () => {
  tree = copyProject();
  for (const { file, content } of pasted) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), content);
  }
  for (const { file, after, added } of edits) {
    const source = readFileSync(join(tree, file), "utf8");
    expect(source.split(after)).toHaveLength(2);
    const glue = added.startsWith(",") ? "" : "\n";
    writeFileSync(join(tree, file), source.replace(after, `${after}${glue}${added}`));
  }
  expectDone("biome", "check", "--write", "--vcs-enabled=false", ...touched);
  cluster = await emptyCluster();
}, LONG);
afterAll(async () => {
  await cluster.stop();
  rmSync(tree, { recursive: true });
}, LONG);

function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), "extend-"));
  cpSync(ROOT, copy, { recursive: true, filter: (source) => !NOT_COPIED.includes(basename(source)) });
  for (const name of ["node_modules", ".servers"])
    if (existsSync(join(ROOT, name))) symlinkSync(join(ROOT, name), join(copy, name));
  return copy;
}

/** Runs a program of the project's packages in the copy. */
function run(program: string, ...args: string[]) {
  const bin = join(ROOT, "node_modules/.bin");
  return spawnSync(join(bin, program), args, {
    cwd: tree,
    encoding: "utf8",
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    maxBuffer: 64 * 2 ** 20,
  });
}

function expectDone(program: string, ...args: string[]): void {
  const { status, stdout, stderr } = run(program, ...args);
  expect({ program, status, output: status === 0 ? "" : stdout + stderr }).toEqual({
    program,
    status: 0,
    output: "",
  });
}

/** The import rules that the touched files break. */
function violations(): string[] {
  const cruise = ["--config", ".dependency-cruiser.js", "--output-type", "json"];
  const { stdout } = run("depcruise", ...cruise, "services", "mixins", "contracts", "scripts");
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  return summary.violations
    .filter(({ from }) => touched.includes(from))
    .map(({ rule, from }) => `${rule.name}: ${from}`);
}

test(
  "the new service has the right types and breaks no rule",
  () => {
    const sources = touched.filter((file) => !file.startsWith("scripts/"));
    const config = { extends: "./tsconfig.json", include: [], files: sources };
    writeFileSync(join(tree, "tsconfig.extend.json"), JSON.stringify(config));
    expectDone("tsc", "--project", "tsconfig.extend.json");
    expect(violations()).toEqual([]);
  },
  LONG,
);

test(
  "its test passes",
  () => {
    const jest = join(ROOT, "node_modules/jest/bin/jest.js");
    expectDone("node", "--experimental-vm-modules", jest, "--rootDir", tree, "tests/unit/loyalty");
  },
  LONG,
);

test(
  "make up starts it, and a fulfilled order gives its points",
  async () => {
    expect(await cluster.run("up", { root: tree })).toMatchObject({
      code: 0,
      output: expect.stringContaining("loyalty-1"),
    });
    const customer = await cluster.customer();
    const pointsOf = async () => (await customer.get("/v1/loyalty/points")).body;
    expect(await pointsOf()).toEqual({ points: 0 });
    const order = (await placeOrder(customer, { items: [{ sku: "TEA-100", quantity: 2 }] })).body;
    await waitForOrder(customer, order.id, "fulfilled");
    await until("the points are there", async () => JSON.stringify(await pointsOf()) === '{"points":9}');
  },
  LONG,
);
