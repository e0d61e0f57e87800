import type { Collection } from "./store.ts";

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/**
 * Names stand in SQL as they are (values never do), so each is checked where it comes in.
 * @throws {TypeError} the name has other characters than letters, digits and `_`
 */
export function checkedName(name: string): string {
  if (!NAME.test(name))
    throw new TypeError(`"${name}" cannot name a collection or field: letters, digits and _ only`);
  return name;
}

/** The SQL of a document's field. Indexes are on the same expression, which is how SQLite finds them. */
export function fieldSql(collection: Collection, field: string): string {
  return field === collection.key ? "key" : `json_extract(doc, '$.${checkedName(field)}')`;
}

export function tableSql(collection: Collection): string {
  return `"${checkedName(collection.name)}"`;
}
