import type { Context } from "moleculer";
import type { RequestMeta } from "../../../mixins/observability/request-context.ts";
import type { Done } from "../domain/job-run.ts";

/**
 * One run of a job; answers what it has done. Another run may begin while a paused one believes that it is alone, so
 * each effect must be safe to repeat.
 * @param signal aborted when the run's time is over, when the node stops or does not lead any more: the run ends soon
 */
export type RunJob = (
  ctx: Context<unknown, RequestMeta>,
  { signal }: { signal: AbortSignal },
) => Promise<Done>;

/** A line of the worker's table of jobs. */
export interface Job {
  readonly name: string;
  /** See `nextTick`. */
  readonly cron: string;
  /** One sentence for operators. */
  readonly purpose: string;
  readonly timeoutMs: number;
  readonly run: RunJob;
}

/** A run did a part of its work; the rest is left to the next one. */
export class JobIncomplete extends Error {
  readonly did: Done;
  constructor(message: string, did: Done, options?: ErrorOptions) {
    super(message, options);
    this.name = "JobIncomplete";
    this.did = did;
  }
}
