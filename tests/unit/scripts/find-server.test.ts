import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { findServer, isAtLeast } from "../../../scripts/servers/find.ts";
import { provideServer } from "../../../scripts/servers.ts";

const server = {
  program: "tea-server",
  aptPackage: "no-such-package-of-tea",
  brewFormula: "no-such-formula-of-tea",
  atLeast: "2.9.0",
  choices: "brew tea by hand",
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "servers-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function install(place: string, version: string): string {
  const file = join(folder, place, "tea-server");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "tea-server: v${version}"\n`);
  chmodSync(file, 0o755);
  return file;
}

test.each([
  ["2.9.0", true],
  ["2.9.10", true],
  ["2.10.0", true],
  ["3.0.0", true],
  ["2.8.99", false],
  ["1.99.99", false],
])("version %s is at least 2.9.0: %s", (version, isEnough) => {
  expect(isAtLeast(version, "2.9.0")).toBe(isEnough);
});

test("a server on the path comes before one that was fetched", () => {
  const file = install("bin", "2.11.0");
  install("tea-server/usr/sbin", "2.10.0");
  expect(findServer(server, { path: join(folder, "bin"), folder })).toEqual({ file, version: "2.11.0" });
});

test("a server on the path that is too old is passed over for one that was fetched", () => {
  install("bin", "2.8.4");
  const file = install("tea-server/usr/sbin", "2.9.10");
  expect(findServer(server, { path: join(folder, "bin"), folder })).toEqual({ file, version: "2.9.10" });
});

test("a server that is nowhere is not found", () => {
  expect(findServer(server, { path: folder, folder })).toBeUndefined();
});

test("where no package manager is there, the choices are told", async () => {
  await expect(provideServer(server, { say: () => {}, path: folder, folder })).rejects.toThrow(
    "tea-server 2.9.0 or newer is not here and cannot be fetched: brew tea by hand.",
  );
});

test("what a package manager fetched is found", async () => {
  mkdirSync(join(folder, "bin"));
  const brew = join(folder, "bin/brew");
  const file = install("kept/tea-server", "2.12.0");
  writeFileSync(
    brew,
    `#!/bin/sh\n/bin/mv ${join(folder, "kept/tea-server/tea-server")} ${join(folder, "bin")}\n`,
  );
  chmodSync(brew, 0o755);
  const said: string[] = [];
  const found = await provideServer(server, { say: (line) => said.push(line), path: dirname(brew), folder });
  expect(found).toEqual({ file: file.replace("kept/tea-server", "bin"), version: "2.12.0" });
  expect(said).toEqual(["Fetching no-such-formula-of-tea with brew ..."]);
});

test("a package manager that fails is named with its reason", async () => {
  mkdirSync(join(folder, "bin"));
  const brew = join(folder, "bin/brew");
  writeFileSync(brew, "#!/bin/sh\necho 'Error: no tea today' >&2\nexit 1\n");
  chmodSync(brew, 0o755);
  await expect(provideServer(server, { say: () => {}, path: dirname(brew), folder })).rejects.toThrow(
    "cannot be fetched (brew: Error: no tea today)",
  );
});
