/** Dead letters: messages that a consumer could not handle, in a stream of their own until an operator decides. */
import { headers, type MsgHdrs } from "nats";
import { z } from "zod";
import { Timestamp } from "../../contracts/shapes.ts";
import type { RequestContext } from "../observability/request-context.ts";
import { decodeRequest, encodeRequest } from "./headers.ts";
import type { JetStreamMessage } from "./jetstream-message.ts";
import { EventId } from "./message.ts";

export const DEAD_LETTERS = "DEAD_LETTERS";
const DETAILS = "Dead-Letter";
const MAX_ERROR_LENGTH = 1_000;

/** What a dead letter tells beside its body and the headers of its request. */
const LetterDetails = z.strictObject({
  consumer: z.string(),
  /** The event id; where none could be read, the stream with the message's sequence and time: `EVENTS-17-1795362750559093469`. */
  eventId: z.string(),
  /** The subject of the original, for example `events.order.placed.ord_0198...`. */
  subject: z.string(),
  /** Why the message was given up: a stable code and a sentence, never a stack. */
  error: z.strictObject({ code: z.string(), message: z.string() }),
  /** Deliveries until the consumer gave up. */
  tries: z.int(),
  at: Timestamp,
});
export type LetterDetails = z.output<typeof LetterDetails>;

/** A message that was given up, without its body. */
export interface DeadLetter {
  readonly details: LetterDetails;
  /** The request that caused the message. */
  readonly request: RequestContext;
  /** Tells the stored message from its copies. */
  readonly copy: string;
}

/** One consumer's delivery, by the names that its dead letter would have. */
export interface Addressed {
  readonly consumer: string;
  readonly eventId: string;
  /** `<consumer>:<event id>`: the key of the inbox row and the id of the dead letter. */
  readonly id: string;
  readonly delivered: JetStreamMessage;
}

/** Names a delivery to a consumer, whatever it carries. */
export function address(consumer: string, delivered: JetStreamMessage): Addressed {
  const eventId = readEventId(delivered.body) ?? `${delivered.stream}-${delivered.copy}`;
  return { consumer, eventId, id: `${consumer}:${eventId}`, delivered };
}

/** The event id of a message, whatever else is wrong with it. */
export function readEventId(body: Uint8Array): string | undefined {
  try {
    return EventId.safeParse(JSON.parse(new TextDecoder().decode(body)).id).data;
  } catch {
    return undefined;
  }
}

/**
 * The dead letter of a delivery.
 * @param reason what its handling failed with
 */
export function deadLetter(
  { consumer, eventId, delivered: { subject, tries, copy, header } }: Addressed,
  { reason, nowMs }: { reason: unknown; nowMs: number },
): DeadLetter {
  const at = new Date(nowMs).toISOString();
  return {
    details: { consumer, eventId, subject, error: tell(reason), tries, at },
    request: { requestId: eventId, ...decodeRequest(header) },
    copy,
  };
}

function tell(reason: unknown): LetterDetails["error"] {
  const { code, type, message } = reason as { code?: unknown; type?: unknown; message?: unknown };
  // Moleculer's errors have an HTTP status as `code`, and the failure's own code as `type`.
  const own = [code, type].find((value) => typeof value === "string" && value !== "");
  return { code: String(own ?? "UNKNOWN"), message: String(message ?? reason).slice(0, MAX_ERROR_LENGTH) };
}

/** The subject of the dead letter of one consumer and message. */
export function letterSubject({ consumer, eventId }: Pick<LetterDetails, "consumer" | "eventId">): string {
  return `dead-letters.${consumer}.${eventId}`;
}

/** What a dead letter is published with: the request's headers, and its details. */
export function letterHeaders({ details, request }: DeadLetter): MsgHdrs {
  const result = encodeRequest(headers(), request);
  result.set(DETAILS, JSON.stringify(details));
  return result;
}

/**
 * Reads back the details that {@link letterHeaders} wrote.
 * @throws {z.ZodError | SyntaxError} the message is no dead letter
 */
export function readLetterDetails(header: (name: string) => string | undefined): LetterDetails {
  return LetterDetails.parse(JSON.parse(header(DETAILS) ?? ""));
}
