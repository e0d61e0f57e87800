import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { formatLogLine, parseLogLine, passes } from "../../../scripts/cluster/log-format.ts";
import { createTail } from "../../../scripts/cluster/log-tail.ts";

const LINE = JSON.stringify({
  level: "info",
  time: "2026-11-22T10:00:00.123Z",
  node: "orders-1",
  nodeID: "orders-1",
  mod: "orders",
  requestId: "req_1",
  orderId: "ord_1",
  msg: "order placed",
});

describe("a log line", () => {
  test("of a node is shown with time, level, node, request, message and details", () => {
    const shown = formatLogLine(parseLogLine("orders-1", LINE), { colour: false });
    expect(shown).toBe("10:00:00.123 info  orders-1         req_1 order placed orderId=ord_1");
  });

  test("of nats-server is read in its own form", () => {
    const line = parseLogLine("nats-server", "[77] 2026/11/22 10:00:00.769537 [ERR] Slow consumer");
    expect(line).toMatchObject({ level: "error", node: "nats-server", message: "Slow consumer" });
    expect(Number.isNaN(Date.parse(line.time))).toBe(false);
  });

  test.each(["    at Object.<anonymous> (file.js:1:1)", "{ not json", "[1] a bracket", ""])(
    "of any other form stays as it is: %j",
    (text) => expect(parseLogLine("worker-1", text)).toMatchObject({ node: "worker-1", message: text }),
  );

  test("is coloured only where that is wanted", () => {
    const line = parseLogLine("orders-1", LINE);
    expect(formatLogLine(line, { colour: true })).toContain("\u001b[");
    expect(formatLogLine(line, { colour: false })).not.toContain("\u001b[");
  });

  test.each([
    [{}, true],
    [{ requestId: "req_1" }, true],
    [{ requestId: "req_2" }, false],
    [{ node: "orders" }, true],
    [{ node: "orders-1" }, true],
    [{ node: "orders-2" }, false],
    [{ node: "order" }, false],
    [{ node: "orders", requestId: "req_2" }, false],
  ])("passes the filter %j: %s", (filter, isShown) => {
    expect(passes(parseLogLine("orders-1", LINE), filter)).toBe(isShown);
  });
});

describe("the tail of log files", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "logs-"));
    file = join(folder, "one.log");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const textsOf = (tail: ReturnType<typeof createTail>) => tail.read().map(({ text }) => text);

  test("is read once, line by line, as it grows", () => {
    const tail = createTail(() => [file]);
    expect(textsOf(tail)).toEqual([]);
    writeFileSync(file, "one\ntwo\n");
    expect(textsOf(tail)).toEqual(["one", "two"]);
    expect(textsOf(tail)).toEqual([]);
    appendFileSync(file, "three\n");
    expect(textsOf(tail)).toEqual(["three"]);
  });

  test("waits for the end of a line and of a character", () => {
    const tail = createTail(() => [file]);
    const [begin, end] = [Buffer.from("caf\u00e9\n").subarray(0, 4), Buffer.from("caf\u00e9\n").subarray(4)];
    writeFileSync(file, begin);
    expect(textsOf(tail)).toEqual([]);
    appendFileSync(file, end);
    expect(textsOf(tail)).toEqual(["caf\u00e9"]);
  });

  test("begins anew with a file that was set aside", () => {
    const tail = createTail(() => [file]);
    writeFileSync(file, "old\n");
    expect(textsOf(tail)).toEqual(["old"]);
    renameSync(file, `${file}.1`);
    writeFileSync(file, "new and longer\n");
    expect(textsOf(tail)).toEqual(["new and longer"]);
  });
});
