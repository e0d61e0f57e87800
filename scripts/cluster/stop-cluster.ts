import { ROLES, type Role } from "./layout.ts";
import { stopProcess } from "./processes.ts";
import { livingRecords, type PartRecord, removeRecord } from "./records.ts";

/** How long each kind of process may take to stop before it is killed, in milliseconds: under ten seconds in total. */
const GRACE_MS: Record<Role, number> = {
  supervisor: 500,
  // Answers for some seconds that it is not ready, so that a proxy sends no more to it.
  gateway: 4_500,
  node: 2_500,
  sandbox: 500,
  server: 1_000,
};

/**
 * Stops the processes of a cluster, role by role, gracefully while they let us.
 * @param which those to stop; all by default
 * @param onStopped told the names of the parts of a role once they have ended
 */
export async function stopCluster(
  dataDir: string,
  {
    which = () => true,
    onStopped = () => {},
  }: { which?: (record: PartRecord) => boolean; onStopped?: (names: string[]) => void } = {},
): Promise<void> {
  for (const role of ROLES) {
    // Read for each role: up to its end the supervisor may have started processes anew.
    const members = livingRecords(dataDir).filter((record) => record.role === role && which(record));
    if (members.length === 0) continue;
    await Promise.all(members.map((record) => stopProcess(record, { graceMs: GRACE_MS[role] })));
    for (const { name } of members) removeRecord(dataDir, name);
    onStopped(members.map(({ name }) => name));
  }
}
