import { describe, expect, test } from "@jest/globals";
import { isRepublishDue } from "../../../services/worker/domain/republish.ts";
import { handledTo, isHalfFull, mayHaveLost } from "../../../services/worker/domain/streams.ts";

const events = { name: "EVENTS", created: "2026-11-22T10:00:00Z", firstSeq: 1, lastSeq: 100 };
const commands = { name: "COMMANDS", created: "2026-11-22T10:00:00Z", firstSeq: 1, lastSeq: 10 };
const before = [events, commands];

describe("Streams have lost nothing", () => {
  test("when only new messages came", () => {
    expect(mayHaveLost(before, [{ ...events, lastSeq: 200 }, commands])).toBe(false);
  });

  test("when only what was there before was forgotten, by its age or because all had acked it", () => {
    expect(mayHaveLost(before, [{ ...events, firstSeq: 50, lastSeq: 200 }, commands])).toBe(false);
    expect(mayHaveLost(before, [{ ...events, firstSeq: 101, lastSeq: 200 }, commands])).toBe(false);
  });
});

describe("Streams may have lost messages", () => {
  test.each([
    ["one is missing", [commands]],
    ["one was made anew", [{ ...events, created: "2026-11-22T11:00:00Z" }, commands]],
    ["one was cut behind its end of then", [{ ...events, firstSeq: 102, lastSeq: 200 }, commands]],
    ["one has lost its end", [{ ...events, lastSeq: 99 }, commands]],
  ])("when %s", (_, now) => {
    expect(mayHaveLost(before, now)).toBe(true);
  });
});

describe("An order's messages are published again", () => {
  const last = { atMs: 0, streams: before };

  test("the first time at once", () => {
    expect(isRepublishDue(undefined, { nowMs: 0, streams: before })).toBe(true);
  });

  test("not again soon, while a copy waits in the streams", () => {
    expect(isRepublishDue(last, { nowMs: 299_999, streams: before })).toBe(false);
    expect(isRepublishDue(last, { nowMs: 300_000, streams: before })).toBe(true);
  });

  test("again soon when the streams may have lost the copy", () => {
    expect(isRepublishDue(last, { nowMs: 9_999, streams: [commands] })).toBe(false);
    expect(isRepublishDue(last, { nowMs: 10_000, streams: [commands] })).toBe(true);
  });
});

describe("A stream's messages are handled", () => {
  const idle = { ackedTo: 20, deliveredTo: 20, unacked: 0, waiting: 0 };

  test("up to its end when every consumer has acked all of its own", () => {
    expect(handledTo(events, [idle, { ...idle, ackedTo: 100, deliveredTo: 100 }])).toBe(100);
  });

  test("not beyond a message that is being handled", () => {
    expect(handledTo(events, [idle, { ackedTo: 40, deliveredTo: 60, unacked: 1, waiting: 0 }])).toBe(40);
  });

  test("not beyond a message that waits for a consumer", () => {
    expect(handledTo(events, [idle, { ackedTo: 40, deliveredTo: 60, unacked: 0, waiting: 3 }])).toBe(60);
  });

  test("not at all for a consumer that has just been made", () => {
    expect(handledTo(events, [idle, { ackedTo: 0, deliveredTo: 0, unacked: 0, waiting: 90 }])).toBe(0);
  });
});

test("a stream without a limit is never half full", () => {
  expect(isHalfFull({ bytes: 10_000, maxBytes: -1 })).toBe(false);
  expect(isHalfFull({ bytes: 50, maxBytes: 100 })).toBe(false);
  expect(isHalfFull({ bytes: 51, maxBytes: 100 })).toBe(true);
});
