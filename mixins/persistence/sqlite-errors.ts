import { StoreUnavailable } from "./store.ts";

/** Result codes of SQLite: https://www.sqlite.org/rescode.html */
const ERROR = 1;
const BUSY = 5;
const TOO_BIG = 18;
const CONSTRAINT = 19;
const MISMATCH = 20;
const RANGE = 25;
const PRIMARY_KEY_TAKEN = 1555;
const UNIQUE_TAKEN = 2067;

/** SQLite's extended result code; undefined for any other error. */
function codeOf(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode : undefined;
}

/** The low byte of an extended code is the family. */
const familyOf = (error: unknown): number => (codeOf(error) ?? 0) & 0xff;

/** Another process holds the lock: worth a retry in a moment. */
export function isBusy(error: unknown): boolean {
  return familyOf(error) === BUSY;
}

export function isTaken(error: unknown): boolean {
  const code = codeOf(error);
  return code === PRIMARY_KEY_TAKEN || code === UNIQUE_TAKEN;
}

/** The statement itself is wrong (a document that SQLite cannot read, say): its neighbours are not concerned. */
export function isOfStatement(error: unknown): boolean {
  return [ERROR, TOO_BIG, CONSTRAINT, MISMATCH, RANGE].includes(familyOf(error));
}

/** SQLite's own errors as the port's: what is not the statement's fault is the store's (disk full, I/O, busy). */
export function toStoreError(error: unknown): Error {
  if (codeOf(error) === undefined || isOfStatement(error)) return error as Error;
  return new StoreUnavailable(`The store is not available: ${(error as Error).message}`, { cause: error });
}
