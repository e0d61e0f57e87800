/** When a job is due. Cron expressions are read in UTC, with seconds as an optional sixth field in front. */
import { Cron } from "croner";

/**
 * The first tick of a schedule after a time.
 * @param cron for example `0 3 * * *`, or with seconds `0,5,10 * * * * *`
 * @param afterMs Unix time in milliseconds, as is the answer
 * @throws {TypeError} the expression is none, or has no tick any more
 */
export function nextTick(cron: string, afterMs: number): number {
  const tick = new Cron(cron, { timezone: "UTC", paused: true }).nextRun(new Date(afterMs));
  if (!tick) throw new TypeError(`The schedule ${cron} has no tick after ${new Date(afterMs).toISOString()}`);
  return tick.getTime();
}
