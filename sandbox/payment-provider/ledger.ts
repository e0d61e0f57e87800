/** The append-only file behind the provider: one JSON line for each effect, on disk before anybody hears of it. */
import { open, readFile } from "node:fs/promises";
import { CannotStart } from "../support/sandbox-process.ts";
import { LedgerLine } from "./shapes.ts";

export interface Ledger {
  /** Resolves once the line is on disk. Lines that wait together share one fsync. */
  append(line: LedgerLine): Promise<void>;
  /** Writes what waits, then closes the file. */
  close(): Promise<void>;
}

/**
 * Opens the ledger, or starts one. A torn last line (a crash in the middle of a write: nobody was told of that
 * effect) is cut off.
 * @param onFailure hears of a failed write; the file may then end in the middle of a line, so nothing more is written
 * @returns the lines so far, and the ledger to append to
 * @throws {CannotStart} a line before the last cannot be read
 */
export async function openLedger(
  file: string,
  onFailure: (error: Error) => void,
): Promise<{ lines: LedgerLine[]; ledger: Ledger }> {
  const { lines, length } = read(file, await contentOf(file));
  const handle = await open(file, "a");
  await handle.truncate(length);
  await handle.sync();

  let waiting: string[] = [];
  let written: Promise<void> = Promise.resolve();
  const writeWaiting = async () => {
    const lot = waiting.join("");
    waiting = [];
    if (lot === "") return;
    await handle.appendFile(lot);
    await handle.datasync();
  };

  const append = (line: LedgerLine) => {
    waiting.push(`${JSON.stringify(line)}\n`);
    written = written.then(writeWaiting);
    written.catch(onFailure);
    return written;
  };
  return { lines, ledger: { append, close: () => written.finally(() => handle.close()) } };
}

async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** The readable lines, and how many bytes of the file they take. */
function read(file: string, content: Buffer): { lines: LedgerLine[]; length: number } {
  const lines: LedgerLine[] = [];
  let start = 0;
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, start)) {
    const line = parse(content.toString("utf8", start, end));
    if (!line && content.indexOf(10, end + 1) >= 0)
      throw new CannotStart(`Line ${lines.length + 1} of the ledger ${file} cannot be read.`);
    if (!line) break;
    lines.push(line);
    start = end + 1;
  }
  return { lines, length: start };
}

function parse(text: string): LedgerLine | undefined {
  try {
    return LedgerLine.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
