/** Filters and order of the store port's reads, over documents in memory. */
import type { Collection, Comparison, Document, Query } from "../../mixins/persistence/store.ts";

type Value = string | number;
type Test = (document: Document) => boolean;

const BOUNDS: Readonly<Record<string, (value: Value, bound: Value) => boolean>> = {
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
};

/** @throws {TypeError} an undeclared field, or a value of another type */
export function matcherOf(collection: Collection, where: NonNullable<Query["where"]>): Test {
  const tests = Object.entries(where).flatMap(([field, comparison]) =>
    testsOf(collection, field, comparison),
  );
  return (document) => tests.every((test) => test(document));
}

function testsOf(collection: Collection, field: string, comparison: Comparison): Test[] {
  const type = typeOf(collection, field);
  const checked = (value: unknown): Value => {
    if (typeof value !== type || Number.isNaN(value))
      throw new TypeError(`${collection.name}.${field} can only be compared with a ${type}`);
    return value as Value;
  };
  if (typeof comparison !== "object" || comparison === null) {
    const wanted = checked(comparison);
    return [(document) => document[field] === wanted];
  }
  const bounds = Object.entries(comparison);
  if (bounds.length === 0) throw new TypeError(`${collection.name}.${field} is compared with nothing`);
  return bounds.map(([name, value]) => {
    const holds = Object.hasOwn(BOUNDS, name) ? BOUNDS[name] : undefined;
    if (!holds) throw new TypeError(`"${name}" is no comparison: lt, lte, gt or gte`);
    const bound = checked(value);
    return (document) => document[field] != null && holds(document[field] as Value, bound);
  });
}

/** Ties are broken by the key, in the first field's direction. @throws {TypeError} an undeclared field */
export function compareBy(
  collection: Collection,
  orderBy: NonNullable<Query["orderBy"]>,
): ((a: Document, b: Document) => number) | undefined {
  const [first] = orderBy;
  if (!first) return undefined;
  const terms = [...orderBy, { field: collection.key, direction: first.direction }];
  for (const { field } of terms) typeOf(collection, field);
  return (a, b) => {
    for (const { field, direction } of terms) {
      const [left, right] = [a[field] as Value, b[field] as Value];
      if (left !== right) return left < right === (direction === "asc") ? -1 : 1;
    }
    return 0;
  };
}

function typeOf(collection: Collection, field: string): "string" | "number" {
  if (field === collection.key) return "string";
  if (!Object.hasOwn(collection.fields, field))
    throw new TypeError(`${field} is not a declared field of ${collection.name}`);
  return collection.fields[field] === "text" ? "string" : "number";
}
