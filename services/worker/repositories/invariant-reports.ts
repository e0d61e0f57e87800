import { retryOnConflict } from "../../../mixins/persistence/retry-on-conflict.ts";
import { collection, insert, replace, type Store } from "../../../mixins/persistence/store.ts";

/** What one check found when it last ran. */
export type InvariantReport = {
  readonly check: string;
  readonly version: number;
  /** Unix time in milliseconds. */
  readonly checkedAt: number;
  /** Things that were looked at. */
  readonly checked: number;
  /** How many violations there are; `violations` may be fewer. */
  readonly found: number;
  readonly violations: readonly { readonly subject: string; readonly problem: string }[];
  /** Why the check could not be made. */
  readonly error?: string;
};

export const invariantReportRows = collection<InvariantReport>({ name: "invariant_reports", key: "check" });

export type InvariantReports = ReturnType<typeof createInvariantReports>;

/** The latest report of each check. */
export function createInvariantReports({ store }: { store: Pick<Store, "get" | "find" | "commit"> }) {
  return {
    all: () => store.find(invariantReportRows),

    save: (report: Omit<InvariantReport, "version">): Promise<void> =>
      retryOnConflict(async () => {
        const last = await store.get(invariantReportRows, report.check);
        const row = { ...report, version: (last?.version ?? 0) + 1 };
        await store.commit([
          last ? replace(invariantReportRows, row, last) : insert(invariantReportRows, row),
        ]);
      }),
  };
}
