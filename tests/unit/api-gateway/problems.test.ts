import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { checkShape } from "../../../services/api-gateway/problems/check-shape.ts";
import { type Problem, problem, problemTypes } from "../../../services/api-gateway/problems/problem.ts";

const docs = readFileSync(join(import.meta.dirname, "../../../docs/problems.md"), "utf8");

describe("the docs of problems", () => {
  test("explain each type, with its status, and no others", () => {
    const explained = [...docs.matchAll(/^## ([a-z-]+)\n\n(\d{3})\. /gm)].map(([, name, status]) => [
      name,
      Number(status),
    ]);
    expect(explained).toEqual(Object.entries(problemTypes).map(([name, { status }]) => [name, status]));
  });
});

describe("a problem", () => {
  test("has all members of RFC 9457, its request's id, and what the case adds", () => {
    const insufficient = problem("insufficient-stock", {
      detail: "Not enough of: A1.",
      extensions: { skus: ["A1"] },
    });
    expect(insufficient.body({ instance: "/v1/orders", requestId: "r-1" })).toEqual({
      type: "/problems/insufficient-stock",
      title: "There is not enough stock",
      status: 409,
      detail: "Not enough of: A1.",
      instance: "/v1/orders",
      requestId: "r-1",
      skus: ["A1"],
    });
  });

  test.each(Object.keys(problemTypes) as (keyof typeof problemTypes)[])("%s tells how to go on", (name) => {
    const { headers, status } = problem(name);
    expect("www-authenticate" in headers).toBe(status === 401);
    expect("retry-after" in headers).toBe(status === 503);
  });
});

describe("checking a shape", () => {
  const Shape = z.strictObject({ a: z.strictObject({ b: z.int() }) });
  const errorsOf = (value: unknown) => {
    try {
      checkShape(Shape, value);
    } catch (error) {
      return (error as Problem).body({ requestId: "r" }) as unknown as { errors: object[] };
    }
    throw new Error("It fits");
  };

  test("answers what fits", () => {
    expect(checkShape(Shape, { a: { b: 1 } })).toEqual({ a: { b: 1 } });
  });

  test("names wrong and unknown fields by their paths", () => {
    expect(errorsOf({ a: { b: "1", c: 1 }, d: 1 }).errors).toMatchObject([
      { path: "a.b" },
      { path: "a.c", message: "is not a known field" },
      { path: "d", message: "is not a known field" },
    ]);
  });

  test.each([null, [], "x", 1, undefined])("names the whole when it is %j", (value) => {
    expect(errorsOf(value).errors).toMatchObject([{ path: "" }]);
  });
});
