import { retryOnConflict } from "../../../mixins/persistence/retry-on-conflict.ts";
import {
  CommitConflict,
  collection,
  insert,
  remove,
  replace,
  type Store,
} from "../../../mixins/persistence/store.ts";
import {
  afterRun,
  beginRun,
  type Ending,
  endRun,
  type JobRun,
  type JobState,
  newJob,
} from "../domain/job-run.ts";

/** One row a job. */
export const jobRows = collection<JobState>({ name: "jobs", key: "name" });

export const jobRunRows = collection<JobRun>({
  name: "job_runs",
  key: "id",
  fields: { startedAt: "number" },
  indexes: [["startedAt"]],
});

export type JobRuns = ReturnType<typeof createJobRuns>;

/** Where each job stands, and what its runs did. */
export function createJobRuns({ store }: { store: Pick<Store, "get" | "find" | "commit"> }) {
  /** Whether the commit's conditions held. */
  async function wins(commit: Promise<void>): Promise<boolean> {
    try {
      await commit;
      return true;
    } catch (error) {
      if (error instanceof CommitConflict) return false;
      throw error;
    }
  }

  async function latestRun({ runId }: JobState): Promise<JobRun | undefined> {
    return runId === undefined ? undefined : store.get(jobRunRows, runId);
  }

  return {
    /** The latest run of a job, which may be under way. */
    latestRun,

    /** Where these jobs stand; one that is new starts now. */
    async states(names: readonly string[], nowMs: number): Promise<JobState[]> {
      const known = new Map((await store.find(jobRows)).map((state) => [state.name, state]));
      return Promise.all(
        names.map(async (name) => {
          const state = known.get(name);
          if (state) return state;
          const first = newJob(name, nowMs);
          if (await wins(store.commit([insert(jobRows, first)]))) return first;
          return (await store.get(jobRows, name)) as JobState;
        }),
      );
    },

    /** Begins a run; undefined when another node was faster. */
    async begin(
      state: JobState,
      start: { id: string; node: string; nowMs: number },
    ): Promise<JobRun | undefined> {
      const begun = beginRun(state, await latestRun(state), start);
      const { lost, run } = begun;
      const won = await wins(
        store.commit([
          replace(jobRows, begun.state, { version: state.version }),
          insert(jobRunRows, run),
          ...(lost ? [replace(jobRunRows, lost, { version: lost.version - 1 })] : []),
        ]),
      );
      return won ? run : undefined;
    },

    /** Ends a run, and with it the ticks that it did. */
    end: ({ id, job }: JobRun, ending: Ending, nowMs: number): Promise<void> =>
      retryOnConflict(async () => {
        const [run, state] = await Promise.all([store.get(jobRunRows, id), store.get(jobRows, job)]);
        if (!run || !state) return;
        const ended = endRun(run, ending, nowMs);
        const after = afterRun(state, ended);
        await store.commit([
          replace(jobRunRows, ended, { version: run.version }),
          ...(after ? [replace(jobRows, after, { version: state.version })] : []),
        ]);
      }),

    /** Forgets runs that began before a time, the oldest first; answers how many. The latest of each job stay. */
    async forget({ beforeMs, limit }: { beforeMs: number; limit: number }): Promise<number> {
      const latest = new Set((await store.find(jobRows)).map(({ runId }) => runId));
      const old = await store.find(jobRunRows, {
        where: { startedAt: { lt: beforeMs } },
        orderBy: [{ field: "startedAt", direction: "asc" }],
        limit: limit + latest.size,
      });
      const forgotten = old.filter(({ id }) => !latest.has(id)).slice(0, limit);
      await store.commit(forgotten.map(({ id }) => remove(jobRunRows, id)));
      return forgotten.length;
    },
  };
}
