import { describe, expect, test } from "@jest/globals";
import { Errors } from "moleculer";
import { isFailure } from "../../../mixins/calls.ts";

describe("A call's failure", () => {
  test.each([
    ["of that code", new Errors.MoleculerClientError("late", 422, "ORDER_NOT_CLAIMABLE"), true],
    ["of another code", new Errors.MoleculerClientError("who", 422, "ORDER_NOT_FOUND"), false],
    ["of a dependency", new Errors.MoleculerRetryableError("away", 503, "ORDER_NOT_CLAIMABLE"), false],
    ["of this process", new Error("ORDER_NOT_CLAIMABLE"), false],
  ])("%s is told from others", (_what, error, expected) => {
    expect(isFailure(error, "ORDER_NOT_CLAIMABLE")).toBe(expected);
  });
});
