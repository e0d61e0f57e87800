/** The folder of mails: one raw `.eml` file each, named so that sorting by name sorts by time. */
import { randomBytes } from "node:crypto";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

const EML = /^[0-9]{8}T[0-9]{9}Z-[0-9a-f]{8}\.eml$/;

export interface Mailbox {
  /** Resolves with the file's name once the mail is on disk: only then may it be acknowledged. */
  keep(raw: Buffer): Promise<string>;
  /** Names, newest first. */
  list(page: { limit: number; before?: string | undefined }): Promise<string[]>;
  /** The raw mail, exactly as it came; undefined when there is none of that name. */
  read(name: string): Promise<Buffer | undefined>;
}

/**
 * Opens the mailbox; what a crash left half-written is removed, as nobody was told that it was kept.
 * @param clock Unix ms
 */
export async function openMailbox(dir: string, clock: () => number): Promise<Mailbox> {
  for (const name of await readdir(dir)) if (name.endsWith(".tmp")) await rm(join(dir, name));
  const names = async () => (await readdir(dir)).filter((name) => EML.test(name));

  return {
    async keep(raw) {
      const time = new Date(clock()).toISOString().replaceAll(/[-:.]/g, "");
      const name = `${time}-${randomBytes(4).toString("hex")}.eml`;
      const draft = join(dir, `${name}.tmp`);
      await writeDurably(draft, raw);
      await rename(draft, join(dir, name));
      await sync(dir);
      return name;
    },

    async list({ limit, before }) {
      const wanted = (await names()).filter((name) => before === undefined || name < before);
      return wanted.sort().reverse().slice(0, limit);
    },

    async read(name) {
      if (!EML.test(name)) return undefined;
      return readFile(join(dir, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
    },
  };
}

async function writeDurably(file: string, content: Buffer): Promise<void> {
  await using handle = await open(file, "wx");
  await handle.writeFile(content);
  await handle.sync();
}

/** Makes the new name durable too. */
async function sync(dir: string): Promise<void> {
  await using handle = await open(dir, "r");
  await handle.sync();
}
