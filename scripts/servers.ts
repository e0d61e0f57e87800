/**
 * The servers that a cluster runs itself: found on this machine, or fetched once into the project's `.servers/`
 * folder with the system's package manager. Nothing is installed outside the project, except by brew.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./cluster/lock.ts";
import { CannotDo, ROOT } from "./command.ts";
import { fetchWithApt } from "./servers/apt.ts";
import { fetchWithBrew } from "./servers/brew.ts";
import { findServer, type Program } from "./servers/find.ts";

/** A server program that the package managers know. */
interface Server {
  /** The file's name. */
  readonly program: string;
  readonly aptPackage: string;
  readonly brewFormula: string;
  /** The oldest version that will do. */
  readonly atLeast: string;
  /** What a person can do where no package manager of ours works. */
  readonly choices: string;
}

export const natsServer: Server = {
  program: "nats-server",
  aptPackage: "nats-server",
  brewFormula: "nats-server",
  atLeast: "2.9.0",
  choices:
    "install nats-server (https://docs.nats.io/running-a-nats-service/introduction/installation) so that it is on " +
    "the PATH, or run one with `docker run -p 127.0.0.1:4222:4222 nats:2 -js` and set " +
    "NATS_URL=nats://127.0.0.1:4222, or set NATS_URL to a server that runs elsewhere",
};

/**
 * Answers where the server's program is, and fetches it first where it is missing.
 * @param say told what takes time
 * @param path folders to look in, as in the PATH variable
 * @param folder where fetched servers are kept
 * @throws {CannotDo} it is not there and cannot be fetched; the message names the choices
 */
export async function provideServer(
  server: Server,
  {
    say,
    path,
    folder = join(ROOT, ".servers"),
  }: { say: (line: string) => void; path: string; folder?: string },
): Promise<Program> {
  const found = () => findServer(server, { path, folder });
  const present = found();
  if (present) return present;
  mkdirSync(folder, { recursive: true });
  return await withLock(join(folder, "lock"), async () => found() ?? fetchServer(server), {
    onWait: () => say(`Waiting for another command that fetches ${server.program} ...`),
  });

  async function fetchServer({
    program,
    aptPackage,
    brewFormula,
    atLeast,
    choices,
  }: Server): Promise<Program> {
    const failures: string[] = [];
    for (const fetch of [fetchWithApt, fetchWithBrew]) {
      const failure = await fetch({ aptPackage, brewFormula, target: join(folder, program), path, say });
      const fetched = found();
      if (fetched) return fetched;
      if (failure) failures.push(failure);
    }
    const tried = failures.length > 0 ? ` (${failures.join("; ")})` : "";
    throw new CannotDo(
      `${program} ${atLeast} or newer is not here and cannot be fetched${tried}: ${choices}.`,
    );
  }
}
