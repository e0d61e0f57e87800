import { closeSync, openSync, readSync, statSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";

/** A line of one log file. */
export interface TailLine {
  readonly file: string;
  readonly text: string;
}

interface Position {
  offset: number;
  inode: number;
  decoder: StringDecoder;
  /** The begin of a line whose end is not written yet. */
  rest: string;
}

const CHUNK = 256 * 1024;

/**
 * Reads what was appended to log files since the last call; the first call reads all of them.
 * @param files asked each time, so that new files are read too; a file that was replaced is read from its begin
 */
export function createTail(files: () => readonly string[]): { read(): TailLine[] } {
  const positions = new Map<string, Position>();
  const buffer = Buffer.alloc(CHUNK);

  function readFile(file: string): TailLine[] {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) return [];
    const known = positions.get(file);
    const isSame = known !== undefined && known.inode === stat.ino && known.offset <= stat.size;
    const position = isSame
      ? known
      : { offset: 0, inode: stat.ino, decoder: new StringDecoder("utf8"), rest: "" };
    positions.set(file, position);
    if (position.offset === stat.size) return [];
    const lines = (position.rest + readFrom(file, position)).split("\n");
    position.rest = lines.pop() ?? "";
    return lines.map((text) => ({ file, text }));
  }

  function readFrom(file: string, position: Position): string {
    const descriptor = openSync(file, "r");
    let text = "";
    for (;;) {
      const bytes = readSync(descriptor, buffer, 0, CHUNK, position.offset);
      if (bytes === 0) break;
      position.offset += bytes;
      text += position.decoder.write(buffer.subarray(0, bytes));
    }
    closeSync(descriptor);
    return text;
  }

  return { read: () => files().flatMap(readFile) };
}
