import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { environmentExample } from "../../../scripts/settings-help.ts";
import { settingsSchema } from "../../../settings.ts";

const ROOT = join(import.meta.dirname, "../../..");
const help = spawnSync(process.execPath, ["scripts/help.ts"], { cwd: ROOT, encoding: "utf8" }).stdout;

test(".env.example says what the settings' schema says (else: node scripts/help.ts --env > .env.example)", () => {
  expect(readFileSync(join(ROOT, ".env.example"), "utf8")).toBe(environmentExample());
});

test("make help tells every target of the Makefile", () => {
  const makefile = readFileSync(join(ROOT, "Makefile"), "utf8");
  const targets = /^\.PHONY: (.*)$/m.exec(makefile)?.[1]?.split(" ") ?? [];
  expect(targets.length).toBeGreaterThan(5);
  for (const target of targets) expect(help).toMatch(new RegExp(`^  make ${target} +[A-Z].*\\.$`, "m"));
});

test("make help tells every setting in a sentence, with its default, and no default of a secret", () => {
  for (const name of Object.keys(settingsSchema.shape))
    expect(help).toMatch(new RegExp(`^  ${name} +\\S.*\\.$`, "m"));
  expect(help).toMatch(/^ {2}PORT .* Default: 3000\.$/m);
  expect(help).toMatch(/^ {2}ADMIN_PASSWORD [^\n]*once\.$/m);
});
