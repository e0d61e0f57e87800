/** What a service must not forget about single messages, not even in a crash; kept in its own store. */
import { collection } from "../persistence/store.ts";
import type { DeadLetter } from "./dead-letter.ts";

/**
 * A message that may be killing its process, or that was given up.
 * `suspected`: it is handled alone from now on. `alone`: it is being handled alone, or that ended in a crash. `dead`: it
 * is a dead letter.
 */
export type Trouble = {
  /** `<consumer>:<event id>` */
  readonly id: string;
  readonly state: "suspected" | "alone" | "dead";
  /** Crashes of its process while it was alone. */
  readonly crashes: number;
  /** The stored message that is alone. */
  readonly copy: string;
  /** The process in which it is alone. */
  readonly by: string;
  /** Once it is dead: what the stream of dead letters has, for when it loses it. */
  readonly letter?: DeadLetter;
  readonly body?: string;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly version: number;
};

export const troubles = collection<Trouble>({
  name: "troubles",
  key: "id",
  fields: { state: "text" },
  indexes: [["state"]],
});

/** Until when a message that comes again and again was answered. */
export type Answer = {
  /** `<consumer>:<event id>:<copy>` */
  readonly id: string;
  /** The delivery that was answered last. */
  readonly tries: number;
  /** Unix time in milliseconds. */
  readonly at: number;
};

export const answers = collection<Answer>({
  name: "answers",
  key: "id",
  fields: { at: "number" },
  indexes: [["at"]],
});
