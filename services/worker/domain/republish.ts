/** When an order's messages are published again. Each time adds copies to the streams, and to what waits there. */
import { mayHaveLost, type StreamMark } from "./streams.ts";

/** Copies that the streams may have lost are published again after this time. */
const LOST_AGAIN_MS = 10_000;
/** Copies that the streams still seem to have are not published again before this time. */
const KEPT_AGAIN_MS = 5 * 60_000;

/** When an order's messages were last published again, and how the streams were then. */
export interface Republished {
  readonly atMs: number;
  readonly streams: readonly StreamMark[];
}

/**
 * Whether the messages of an order that misses some are published again now. The first time at once; then a copy waits in
 * the streams for a consumer that is slow or cannot go on, and more copies would make both worse.
 */
export function isRepublishDue(
  last: Republished | undefined,
  { nowMs, streams }: { nowMs: number; streams: readonly StreamMark[] },
): boolean {
  if (!last) return true;
  return nowMs - last.atMs >= (mayHaveLost(last.streams, streams) ? LOST_AGAIN_MS : KEPT_AGAIN_MS);
}
