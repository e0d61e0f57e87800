import { type Collection, collection } from "../../../mixins/persistence/store.ts";

type Level = { readonly name: string; readonly units: number };
type Entry = { readonly id: string; readonly batch: string };

export const levels = collection<Level>({ name: "levels", key: "name" });
export const entries = collection<Entry>({
  name: "entries",
  key: "id",
  fields: { batch: "text" },
  indexes: [["batch"]],
});
export const collections: readonly Collection[] = [levels, entries];
