import { handledTo, isHalfFull } from "../../domain/streams.ts";
import type { RunJob } from "../../jobs/job.ts";
import type { Streams } from "../../providers/streams.ts";

/** Makes room in a stream that is half full: removes what every consumer has acked. The outboxes keep what matters. */
export function purgeStreams({ streams }: { streams: Streams }): RunJob {
  return async (ctx) => {
    let purged = 0;
    for (const stream of (await streams.survey()).filter(isHalfFull)) {
      const upTo = handledTo(stream, await streams.consumersOf(stream.name));
      if (upTo < stream.firstSeq) {
        ctx.service?.logger.warn({ stream: stream.name }, "stream is half full of what is not handled");
        continue;
      }
      purged += await streams.purge(stream.name, upTo);
    }
    return { purged };
  };
}
