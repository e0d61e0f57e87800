/** Log lines for people: one line each, with time, level, node, request and message first. */
import { styleText } from "node:util";

export interface LogLine {
  /** UTC, RFC 3339; empty where the line does not tell. */
  readonly time: string;
  readonly level: string;
  /** The node that wrote it, or the part whose log it is in. */
  readonly node: string;
  readonly requestId: string;
  readonly message: string;
  /** All else that the line tells. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface LogFilter {
  readonly requestId?: string | undefined;
  /** A node, such as `orders-1`, or all nodes of a service, such as `orders`. */
  readonly node?: string | undefined;
}

const NATS_LINE = /^\[\d+\] (\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d\.\d{3})\d* \[(\w+)\] (.*)$/;
const NATS_LEVELS: Readonly<Record<string, string>> = {
  INF: "info",
  WRN: "warn",
  ERR: "error",
  FTL: "fatal",
  DBG: "debug",
};
const COLOURS = { fatal: "red", error: "red", warn: "yellow", info: "green" } as const;

/** What Moleculer adds to each line, and the node's name says already. */
const SAID_BY_NODE = new Set(["nodeID", "ns", "mod", "svc"]);

/** Reads a line of a part's log: JSON as our nodes write it, a server's own form, or any text. */
export function parseLogLine(part: string, text: string): LogLine {
  return parseJson(part, text) ?? parseNats(part, text) ?? { ...EMPTY, node: part, message: text };
}

export function passes(line: LogLine, { requestId, node }: LogFilter): boolean {
  if (requestId && line.requestId !== requestId) return false;
  return !node || isPartOf(line.node, node);
}

/** Whether a part has this name, or is a node of the service of this name. */
export function isPartOf(part: string, name: string): boolean {
  return part === name || part.replace(/-\d+$/, "") === name;
}

export function formatLogLine(line: LogLine, { colour }: { colour: boolean }): string {
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    colour && text ? styleText(format, text, { validateStream: false }) : text;
  const level = line.level.padEnd(5);
  const details = Object.entries(line.details).map(([key, value]) => `${key}=${printable(value)}`);
  return [
    paint("dim", line.time.slice(11, 23).padEnd(12)),
    paint(COLOURS[line.level as keyof typeof COLOURS] ?? "dim", level),
    paint("cyan", line.node.padEnd(16)),
    paint("magenta", line.requestId),
    line.message,
    paint("dim", details.join(" ")),
  ]
    .filter(Boolean)
    .join(" ");
}

const EMPTY: LogLine = { time: "", level: "", node: "", requestId: "", message: "", details: {} };

function parseJson(part: string, text: string): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const { time = "", level = "", node = part, requestId = "", msg = "", ...rest } = JSON.parse(text);
    const details = Object.fromEntries(Object.entries(rest).filter(([key]) => !SAID_BY_NODE.has(key)));
    return { time, level, node, requestId, message: String(msg), details };
  } catch {
    return undefined;
  }
}

function parseNats(part: string, text: string): LogLine | undefined {
  const match = NATS_LINE.exec(text);
  if (!match) return undefined;
  const [, year, month, day, clock, level = "", message = ""] = match;
  const local = new Date(`${year}-${month}-${day}T${clock}`);
  return { ...EMPTY, time: local.toISOString(), level: NATS_LEVELS[level] ?? "info", node: part, message };
}

function printable(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
