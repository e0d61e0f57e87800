import { describe, expect, test } from "@jest/globals";
import { Errors } from "moleculer";
import { DomainError } from "../../../mixins/errors.ts";
import {
  address,
  deadLetter,
  letterHeaders,
  letterSubject,
  readLetterDetails,
} from "../../../mixins/messaging/dead-letter.ts";
import type { JetStreamMessage } from "../../../mixins/messaging/jetstream-message.ts";

const eventId = `evt_${"a".repeat(32)}`;

class OutOfTea extends DomainError {
  readonly code = "OUT_OF_TEA";
}

function delivered(body: string, headers: Record<string, string> = {}): JetStreamMessage {
  return {
    subject: "events.kettle.boiled.ord_1",
    stream: "EVENTS",
    sequence: 17,
    copy: "17-1",
    tries: 4,
    body: new TextEncoder().encode(body),
    header: (name: string) => headers[name],
    ack: async () => {},
    nak: () => {},
    working: () => {},
  };
}

const letterOf = (message: JetStreamMessage, reason: unknown) =>
  deadLetter(address("tea--kettle-boiled", message), { reason, nowMs: 0 });

describe("the id of a dead letter", () => {
  test("is the consumer's name and the event id, whatever else is wrong with the message", () => {
    expect(address("c", delivered(JSON.stringify({ id: eventId, data: 1 }))).id).toBe(`c:${eventId}`);
  });

  test.each(["{", "null", "{}", '{"id":7}', '{"id":"evt_*"}', '{"id":"dead-letters.>"}'])(
    "takes the stream, and the message's place and time in it, where %s tells no event id",
    (body) => {
      expect(address("c", delivered(body)).id).toBe("c:EVENTS-17-1");
    },
  );
});

describe("a dead letter", () => {
  test("is read as it was written, with any characters in its failure", () => {
    const reason = new OutOfTea("Kein Tee mehr: 茶\r\nDead-Letter: forged");
    const { details } = letterOf(delivered(JSON.stringify({ id: eventId })), reason);
    const written = letterHeaders({ details, request: { requestId: "r" }, copy: "1" });
    expect(readLetterDetails((name) => written.get(name))).toEqual(details);
    expect(details.error).toEqual({ code: "OUT_OF_TEA", message: reason.message });
  });

  test("belongs to the request that caused its message", () => {
    const message = delivered("{", { "X-Request-Id": "req-1", traceparent: "00-t" });
    expect(letterOf(message, new OutOfTea("")).request).toEqual({ requestId: "req-1", traceparent: "00-t" });
    expect(letterOf(delivered("{"), new OutOfTea("")).request).toEqual({ requestId: "EVENTS-17-1" });
  });

  test.each([
    ["a failure of the domain by its code", new OutOfTea("no tea"), "OUT_OF_TEA"],
    ["another service's failure by its type", new Errors.MoleculerClientError("no", 422, "NO_TEA"), "NO_TEA"],
    ["anything else as unknown", new Error("no"), "UNKNOWN"],
  ])("names %s", (_, reason, code) => {
    expect(letterOf(delivered("{"), reason).details.error.code).toBe(code);
  });

  test("has a subject of its own for each consumer and message", () => {
    expect(letterSubject({ consumer: "tea--kettle-boiled", eventId })).toBe(
      `dead-letters.tea--kettle-boiled.${eventId}`,
    );
  });
});
