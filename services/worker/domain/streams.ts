/** What the worker makes of the streams: whether they have lost messages, and what of them nobody needs any more. */

/** A stream at one time. Sequences grow by one for each message and never come back in one stream. */
export interface StreamMark {
  readonly name: string;
  /** Tells a stream from another that was made under its name. */
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface StreamFill extends StreamMark {
  readonly bytes: number;
  readonly maxBytes: number;
}

/** How far one consumer has come in a stream. */
export interface ConsumerProgress {
  /** Everything up to here is acked. */
  readonly ackedTo: number;
  readonly deliveredTo: number;
  /** Messages that were delivered and not acked yet. */
  readonly unacked: number;
  /** Messages that wait for their first delivery. */
  readonly waiting: number;
}

/**
 * Whether messages that came since may be gone: a stream was made anew, lost its end, or was cut behind its end of
 * then. What it forgets of its start as it grows older was there before.
 */
export function mayHaveLost(before: readonly StreamMark[], now: readonly StreamMark[]): boolean {
  return before.some((old) => {
    const stream = now.find(({ name }) => name === old.name);
    return (
      !stream ||
      stream.created !== old.created ||
      stream.firstSeq > old.lastSeq + 1 ||
      stream.lastSeq < old.lastSeq
    );
  });
}

export function isHalfFull({ bytes, maxBytes }: Pick<StreamFill, "bytes" | "maxBytes">): boolean {
  return maxBytes > 0 && bytes > maxBytes / 2;
}

/**
 * The sequence up to which every consumer has acked all that it was ever to get.
 * @param stream as it was before the consumers were asked, so that what came meanwhile is not counted
 */
export function handledTo(
  { lastSeq }: Pick<StreamMark, "lastSeq">,
  consumers: readonly ConsumerProgress[],
): number {
  return Math.min(lastSeq, ...consumers.map((consumer) => handledBy(consumer, lastSeq)));
}

/** A consumer takes one type of message only: what it has acked to stands still while others come. */
function handledBy({ ackedTo, deliveredTo, unacked, waiting }: ConsumerProgress, lastSeq: number): number {
  if (unacked > 0) return ackedTo;
  return waiting > 0 ? Math.max(ackedTo, deliveredTo) : lastSeq;
}
