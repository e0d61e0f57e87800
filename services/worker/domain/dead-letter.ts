/** A message that a consumer has given up, as operators see it. */
import { DomainError } from "../../../mixins/errors.ts";

export interface DeadLetter {
  /** Its place in the stream; grows with time. */
  readonly place: number;
  /** `<service>--<message type>`, with dashes for the type's dots. */
  readonly consumer: string;
  readonly eventId: string;
  /** `<events|commands>.<type>.<order id>` */
  readonly subject: string;
  readonly error: { readonly code: string; readonly message: string };
  readonly tries: number;
  readonly at: string;
  readonly request: { readonly requestId?: string; readonly traceparent?: string | undefined };
  /** The headers that the message needs when it is handled again. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** There is no such dead letter (any more): it was replayed or discarded. */
export class DeadLetterNotFound extends DomainError {
  readonly code = "DEAD_LETTER_NOT_FOUND";
  constructor(id: string) {
    super(`There is no dead letter ${id}`, { id });
  }
}

/** The message failed again; its dead letter stays. */
export class ReplayFailed extends DomainError {
  readonly code = "REPLAY_FAILED";
  constructor(id: string, error: { code: string; message: string }) {
    super(`The replay of ${id} failed: ${error.message}`, { error });
  }
}

/** The id of a dead letter: `<consumer>:<event id>`. */
export function letterId({ consumer, eventId }: Pick<DeadLetter, "consumer" | "eventId">): string {
  return `${consumer}:${eventId}`;
}

/** Takes apart what {@link letterId} made. */
export function readLetterId(id: string): { consumer: string; eventId: string } {
  const [consumer = "", eventId = ""] = id.split(":");
  return { consumer, eventId };
}

/** The service whose consumer gave the message up. */
export function serviceOf({ consumer }: Pick<DeadLetter, "consumer">): string {
  return consumer.split("--")[0] as string;
}

/** What the message is, and whose: its subject tells, whatever its body is. */
export function readSubject({ subject }: Pick<DeadLetter, "subject">): { type: string; orderId: string } {
  const tokens = subject.split(".");
  return { type: tokens.slice(1, -1).join("."), orderId: tokens.at(-1) ?? "" };
}
