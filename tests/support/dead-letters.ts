/** What tests see of the stream of dead letters. */
import type { NatsConnection } from "nats";
import { DEAD_LETTERS, type LetterDetails, readLetterDetails } from "../../mixins/messaging/dead-letter.ts";

export interface SeenLetter extends LetterDetails {
  readonly body: string;
  readonly header: (name: string) => string;
}

/** The newest dead letter of one consumer and message, or undefined. */
export async function letterOf(
  connection: NatsConnection,
  { consumer, eventId }: { consumer: string; eventId: string },
): Promise<SeenLetter | undefined> {
  const manager = await connection.jetstreamManager();
  const query = { last_by_subj: `dead-letters.${consumer}.${eventId}` };
  const found = await manager.streams.getMessage(DEAD_LETTERS, query).catch(() => undefined);
  if (!found) return undefined;
  const header = (name: string) => found.header.get(name);
  return { ...readLetterDetails(header), body: new TextDecoder().decode(found.data), header };
}

/** How many dead letters there are. */
export async function countLetters(connection: NatsConnection): Promise<number> {
  const manager = await connection.jetstreamManager();
  return (await manager.streams.info(DEAD_LETTERS)).state.messages;
}
