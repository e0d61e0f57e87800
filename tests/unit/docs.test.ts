/** The docs say what is there: links lead somewhere, commands exist, drawn pages are up to date. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { sagaPage } from "../../scripts/draw-saga.ts";
import { settingsSchema } from "../../settings.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = globSync(["*.md", "docs/**/*.md", "services/*/README.md", "sandbox/*/README.md"], {
  cwd: ROOT,
}).sort();

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** What stands between backticks and in fenced blocks. */
function codeOf(page: string): string {
  return [...page.matchAll(/^```.*\n([\s\S]*?)^```|`([^`\n]+)`/gm)]
    .map(([, block, word]) => block ?? word)
    .join("\n");
}

function withoutCode(page: string): string {
  return page.replace(/^```.*\n[\s\S]*?^```/gm, "").replace(/`[^`\n]+`/g, "`");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  return [...page.replace(/^```.*\n[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function brokenLinksOf(file: string): string[] {
  const links = [...withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? join(ROOT, file) : resolve(ROOT, dirname(file), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, "utf8")).includes(anchor);
    });
}

describe.each(PAGES)("%s", (file) => {
  test("has links that lead somewhere", () => expect(brokenLinksOf(file)).toEqual([]));

  test("names commands that exist", () => {
    const code = codeOf(read(file));
    const targets = /^\.PHONY: (.*)$/m.exec(read("Makefile"))?.[1]?.split(" ") ?? [];
    const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
    const make = [...code.matchAll(/\bmake ([a-z][a-z-]*)(?![\w-]*=)/g)].map(([, target = ""]) => target);
    const npm = [...code.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)].map(([, script = ""]) => script);
    expect(make.filter((target) => !targets.includes(target))).toEqual([]);
    expect(npm.filter((script) => !scripts.includes(script))).toEqual([]);
  });
});

test("every page of docs/ can be reached from its index", () => {
  const listed = (index: string) =>
    [...read(index).matchAll(/\]\(([^)#\s]+\.md)/g)].map(([, link = ""]) =>
      relative(ROOT, resolve(ROOT, dirname(index), link)),
    );
  const reached = [...listed("docs/README.md"), ...listed("docs/decisions/README.md"), "docs/README.md"];
  const pages = PAGES.filter((file) => file.startsWith("docs/"));
  expect(pages.filter((file) => !reached.includes(file))).toEqual([]);
});

test("the page for operators tells every setting", () => {
  const page = read("docs/operate.md");
  const names = Object.keys(settingsSchema.shape);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("the decision on dependencies tells what each of them is for, and of no others", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read("package.json"));
  const rows = [...read("docs/decisions/0005-dependencies.md").matchAll(/^\| (`.*?) \|/gm)];
  const told = rows.flatMap(([, cell = ""]) => cell.replaceAll("`", "").split(", "));
  const installed = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(told.sort()).toEqual(installed.sort());
});

test("the picture of the saga shows the saga (else: npm run docs)", () => {
  expect(read("docs/saga.md")).toBe(sagaPage());
});
