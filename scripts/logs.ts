/**
 * `make logs`: the logs of all parts of the cluster of DATA_DIR as one readable stream, the latest lines first and
 * then what comes. `REQUEST=<id>` shows all lines of one request, `NODE=orders` those of one part; `FOLLOW=no` shows
 * all lines that there are, and ends.
 */
import { setTimeout as delay } from "node:timers/promises";
import { logFilesOf, partOfLog } from "./cluster/log-files.ts";
import {
  formatLogLine,
  isPartOf,
  type LogFilter,
  type LogLine,
  parseLogLine,
  passes,
} from "./cluster/log-format.ts";
import { createTail } from "./cluster/log-tail.ts";
import { CannotDo, type CommandInput, runCommand } from "./command.ts";

/** Lines of the past that are shown before what comes, where no filter asks for all. */
const LATEST = 100;
const POLL_MS = 200;

await runCommand(logs, { reads: ["DATA_DIR"] });

async function logs({ settings, environment }: CommandInput): Promise<number> {
  const filter: LogFilter = { requestId: environment.REQUEST, node: nodeFilter(environment.NODE) };
  const follow = !["no", "0", "false"].includes(environment.FOLLOW ?? "");
  const colour = process.stdout.isTTY === true;
  if (logFilesOf(settings.DATA_DIR).length === 0)
    throw new CannotDo(`There are no logs in ${settings.DATA_DIR}: \`make up\` starts a cluster.`);
  checkNode(settings.DATA_DIR, filter);
  const tail = createTail(() => logFilesOf(settings.DATA_DIR));
  const times = new Map<string, string>();
  let limit = filter.requestId || filter.node || !follow ? Number.POSITIVE_INFINITY : LATEST;
  for (;;) {
    const lines = tail
      .read()
      .map(({ file, text }) => withTime(parseLogLine(partOfLog(file), text), file, times))
      .filter(({ line }) => passes(line, filter))
      .sort((one, other) => one.sortBy.localeCompare(other.sortBy))
      .slice(-limit);
    for (const { line } of lines) process.stdout.write(`${formatLogLine(line, { colour })}\n`);
    if (!follow) return 0;
    limit = Number.POSITIVE_INFINITY;
    await delay(POLL_MS);
  }
}

/** @throws {CannotDo} no part has that name */
function checkNode(dataDir: string, { node }: LogFilter): void {
  const parts = logFilesOf(dataDir).map(partOfLog);
  if (node === undefined || parts.some((part) => isPartOf(part, node))) return;
  const names = [...new Set(parts)].sort().join(", ");
  throw new CannotDo(`There is no log of ${node}: choose from ${names}, or a service for all its nodes.`);
}

/** npm sets NODE, too, to the path of its program. */
function nodeFilter(value: string | undefined): string | undefined {
  return value?.includes("/") ? undefined : value;
}

/** A line without a time, such as one of a stack, stays behind the one that it follows in its file. */
function withTime(
  line: LogLine,
  file: string,
  times: Map<string, string>,
): { line: LogLine; sortBy: string } {
  const sortBy = line.time || times.get(file) || "";
  times.set(file, sortBy);
  return { line, sortBy };
}
