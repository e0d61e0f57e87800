/** Debian and Ubuntu: the package is downloaded and unpacked, never installed, so that it takes no root and starts no service. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Fetch, locate, run } from "./fetch.ts";

const TEMPORARY = "fetch-";

export const fetchWithApt: Fetch = async ({ aptPackage, target, path, say }) => {
  const aptGet = locate("apt-get", path);
  const dpkg = locate("dpkg", path);
  if (!aptGet || !dpkg) return undefined;
  say(`Fetching ${aptPackage} with apt ...`);
  removeLeftovers(dirname(target));
  // Beside the target, so that the rename at the end is atomic.
  const work = mkdtempSync(join(dirname(target), TEMPORARY));
  try {
    const unpacked = join(work, "unpacked");
    await run(dpkg, ["-x", await download(aptPackage, { aptGet, work }), unpacked], work);
    rmSync(target, { recursive: true, force: true });
    renameSync(unpacked, target);
    return undefined;
  } catch (error) {
    return `apt-get: ${(error as Error).message}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

/** Downloads with the system's package lists; where those are missing or out of date, with fresh lists of our own. */
async function download(
  aptPackage: string,
  { aptGet, work }: { aptGet: string; work: string },
): Promise<string> {
  // As root apt would hand the download to its own user, who may not write here.
  const asUs = process.getuid?.() === 0 ? ["-o", "APT::Sandbox::User=root"] : [];
  const apt = (...args: string[]) => run(aptGet, ["-q", ...asUs, ...args], work);
  try {
    await apt("download", aptPackage);
  } catch {
    const lists = join(work, "lists");
    mkdirSync(join(lists, "partial"), { recursive: true });
    mkdirSync(join(work, "archives", "partial"), { recursive: true });
    const own = ["-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${work}`];
    await apt(...own, "update");
    await apt(...own, "download", aptPackage);
  }
  const file = readdirSync(work).find((name) => name.endsWith(".deb"));
  if (!file) throw new Error(`no package ${aptPackage} was downloaded`);
  return join(work, file);
}

/** What an interrupted download left behind; we hold the lock, so nobody else is at it. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(TEMPORARY)))
    rmSync(join(folder, name), { recursive: true, force: true });
}
