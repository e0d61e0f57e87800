import type { SQLInputValue } from "node:sqlite";
import { fieldSql, tableSql } from "./sqlite-names.ts";
import type { Collection, Comparison, Query } from "./store.ts";

export interface PlannedRead {
  readonly sql: string;
  readonly params: readonly SQLInputValue[];
}

const OPERATORS = { lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;
const DIRECTIONS = { asc: "ASC", desc: "DESC" } as const;

export function planGet(collection: Collection, key: string): PlannedRead {
  return { sql: `SELECT doc FROM ${tableSql(collection)} WHERE key = ?`, params: [key] };
}

/** @throws {TypeError} the query names an undeclared field or holds a value of another type: a bug of the caller */
export function planFind(collection: Collection, { where = {}, orderBy = [], limit }: Query): PlannedRead {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0))
    throw new TypeError("limit must be a whole number of 0 or more");
  const filter = filterSql(collection, where);
  return {
    sql: `SELECT doc FROM ${tableSql(collection)}${filter.sql}${orderSql(collection, orderBy)}${limit === undefined ? "" : " LIMIT ?"}`,
    params: limit === undefined ? filter.params : [...filter.params, limit],
  };
}

/** @throws {TypeError} as {@link planFind} */
export function planCount(collection: Collection, { where = {} }: Pick<Query, "where">): PlannedRead {
  const filter = filterSql(collection, where);
  return { sql: `SELECT count(*) AS count FROM ${tableSql(collection)}${filter.sql}`, params: filter.params };
}

function filterSql(collection: Collection, where: NonNullable<Query["where"]>): PlannedRead {
  const conditions = Object.entries(where).flatMap(([field, comparison]) =>
    conditionsOf(collection, field, comparison),
  );
  if (conditions.length === 0) return { sql: "", params: [] };
  return {
    sql: ` WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`,
    params: conditions.flatMap(({ params }) => params),
  };
}

function conditionsOf(collection: Collection, field: string, comparison: Comparison): PlannedRead[] {
  const column = declaredSql(collection, field);
  const type = field === collection.key || collection.fields[field] === "text" ? "string" : "number";
  const condition = (operator: string, value: unknown): PlannedRead => {
    // An undefined that was skipped would match every document, those of other customers too.
    if (typeof value !== type || Number.isNaN(value))
      throw new TypeError(`${collection.name}.${field} can only be compared with a ${type}`);
    return { sql: `${column} ${operator} ?`, params: [value as SQLInputValue] };
  };
  if (typeof comparison !== "object" || comparison === null) return [condition("=", comparison)];
  const bounds = Object.entries(comparison);
  if (bounds.length === 0) throw new TypeError(`${collection.name}.${field} is compared with nothing`);
  return bounds.map(([name, value]) => {
    const operator = OPERATORS[name as keyof typeof OPERATORS];
    if (!operator) throw new TypeError(`"${name}" is no comparison: lt, lte, gt or gte`);
    return condition(operator, value);
  });
}

function orderSql(collection: Collection, orderBy: NonNullable<Query["orderBy"]>): string {
  const [first] = orderBy;
  if (!first) return "";
  const terms = [...orderBy, { field: collection.key, direction: first.direction }].map(
    ({ field, direction }) => `${declaredSql(collection, field)} ${DIRECTIONS[direction]}`,
  );
  return ` ORDER BY ${terms.join(", ")}`;
}

function declaredSql(collection: Collection, field: string): string {
  if (field !== collection.key && !Object.hasOwn(collection.fields, field))
    throw new TypeError(`${field} is not a declared field of ${collection.name}`);
  return fieldSql(collection, field);
}
