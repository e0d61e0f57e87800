import type { DeadLetter as ShownLetter } from "../contract.ts";
import { type DeadLetter, letterId, readSubject, serviceOf } from "../domain/dead-letter.ts";

/** Longer bodies are cut: an answer must fit into a message of NATS. */
const MAX_BODY_LENGTH = 100_000;

/** A dead letter as the contract shows it. */
export function showDeadLetter(letter: DeadLetter): ShownLetter {
  const { consumer, eventId, error, tries, at, request } = letter;
  return {
    id: letterId(letter),
    service: serviceOf(letter),
    consumer,
    eventId,
    ...readSubject(letter),
    error,
    tries,
    at,
    requestId: request.requestId ?? eventId,
    ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
  };
}

/** Its body: as JSON where it is JSON, else as text. */
export function showBody({ body }: Pick<DeadLetter, "body">): { body: unknown; bodyIsCut: boolean } {
  if (body.length > MAX_BODY_LENGTH) return { body: body.slice(0, MAX_BODY_LENGTH), bodyIsCut: true };
  try {
    return { body: JSON.parse(body), bodyIsCut: false };
  } catch {
    return { body, bodyIsCut: false };
  }
}
