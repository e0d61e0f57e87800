import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Idempotency } from "../../../contracts/shapes.ts";
import { requestIdFrom, traceparentFrom } from "../../../services/api-gateway/http/exchange.ts";
import { canonicalJson, idempotencyOf } from "../../../services/api-gateway/http/idempotency-key.ts";
import { parseQuery } from "../../../services/api-gateway/http/parse-query.ts";
import { bearerToken } from "../../../services/api-gateway/security/bearer-token.ts";
import { permits } from "../../../services/api-gateway/security/roles.ts";

describe("canonical JSON", () => {
  test("is the same whatever the order of the fields", () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: "x" })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
  });

  test("keeps the order of lists", () => {
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]));
  });

  test("means what the JSON meant, for any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
      }),
    );
  });
});

test("the longest idempotency key fits the contract", () => {
  const longest = idempotencyOf({
    sent: ["k".repeat(255)],
    userId: `usr_${"0".repeat(32)}`,
    method: "POST",
    path: `/v1/products/${"A".repeat(32)}/receipts`,
    body: {},
  });
  expect(Idempotency.safeParse(longest).success).toBe(true);
});

describe("a query", () => {
  test("without parameters is empty", () => {
    for (const url of ["/a", "/a?", "/a?&"]) expect(parseQuery(url)).toEqual({});
  });

  test("is decoded", () => {
    expect(parseQuery("/a?q=a+b%20c%2B&x==y&z")).toEqual({ q: "a b c+", x: "=y", z: "" });
  });

  test.each(["/a?q=%", "/a?%zz=1", "/a?q=%ff"])("%s is malformed", (url) => {
    expect(() => parseQuery(url)).toThrow(expect.objectContaining({ type: "malformed-request" }));
  });

  test("takes each name once, however it is spelled", () => {
    expect(() => parseQuery("/a?q=1&%71=2")).toThrow(expect.objectContaining({ type: "invalid-request" }));
  });
});

describe("roles", () => {
  test.each([
    ["customer", ["customer"]],
    ["operator", ["customer", "operator"]],
    ["admin", ["customer", "operator", "admin"]],
  ] as const)("%s may %j and no more", (role, allowed) => {
    const all = ["customer", "operator", "admin"] as const;
    expect(all.filter((least) => permits([role], least))).toEqual(allowed);
  });

  test("nobody may anything", () => {
    expect(permits([], "customer")).toBe(false);
  });
});

test("a bearer token is taken out of its header", () => {
  expect(bearerToken("Bearer a.b-c_d.e")).toBe("a.b-c_d.e");
  expect(bearerToken("BEARER a.b.c")).toBe("a.b.c");
});

test("a request id that could break a log line or a mail header is replaced", () => {
  for (const evil of ["a\nb", "a b", "a\u0000", "", "x".repeat(129), "\u00e9"]) {
    expect(requestIdFrom(evil, 0)).toMatch(/^req_[0-9a-f]{32}$/);
  }
});

test("a trace context of a later version is taken over", () => {
  const later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  expect(traceparentFrom(later)).toBe(later);
});
