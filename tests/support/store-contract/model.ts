import type { CommitConflict, Document, Write } from "../../../mixins/persistence/store.ts";

type Conflict = Pick<CommitConflict, "write" | "reason">;

/** The port as a few lines over a map: what a store must do, without durability. One collection only. */
export interface Model {
  rows: ReadonlyMap<string, Document>;
  /** All documents, by key. */
  documents(): Document[];
}

export function createModel(): Model {
  return {
    rows: new Map(),
    documents() {
      return [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, document]) => document);
    },
  };
}

/** Applies all writes, or answers the conflict and applies none. */
export function commitToModel(model: Model, writes: readonly Write[]): Conflict | undefined {
  const rows = new Map(model.rows);
  for (const write of writes) {
    const reason = apply(rows, write);
    if (reason) return { write, reason };
  }
  model.rows = rows;
  return undefined;
}

function apply(rows: Map<string, Document>, write: Write): CommitConflict["reason"] | undefined {
  switch (write.kind) {
    case "insert": {
      const key = write.document[write.collection.key] as string;
      if (rows.has(key) || takesUnique(rows, key, write)) return "exists";
      rows.set(key, write.document);
      return undefined;
    }
    case "replace": {
      const key = write.document[write.collection.key] as string;
      if (rows.get(key)?.version !== write.version) return "changed";
      if (takesUnique(rows, key, write)) return "exists";
      rows.set(key, write.document);
      return undefined;
    }
    case "adjust": {
      const row = rows.get(write.key);
      if (!row) return "missing";
      const sums = Object.entries(write.by).map(
        ([field, by]) => [field, Number(row[field] ?? 0) + by] as const,
      );
      if (sums.some(([, sum]) => sum < 0)) return "negative";
      rows.set(write.key, { ...row, ...Object.fromEntries(sums) });
      return undefined;
    }
    case "remove":
      rows.delete(write.key);
      return undefined;
  }
}

function takesUnique(
  rows: ReadonlyMap<string, Document>,
  key: string,
  { collection, document }: Extract<Write, { document: Document }>,
): boolean {
  return collection.unique.some((fields) =>
    [...rows].some(
      ([otherKey, other]) =>
        otherKey !== key &&
        fields.every((field) => document[field] != null && other[field] === document[field]),
    ),
  );
}
