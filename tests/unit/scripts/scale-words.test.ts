import { describe, expect, test } from "@jest/globals";
import { parseCounts, wordsOfMake } from "../../../scripts/cluster/scale-words.ts";

const services = ["orders", "api-gateway"];

describe("the words of `make scale`", () => {
  test.each([
    [" -- orders=3 api-gateway=2", ["orders=3", "api-gateway=2"]],
    ["s -- DATA_DIR=/a\\ folder\\ orders=9 PORT=1 orders=3", ["orders=3"]],
    [" --jobserver-auth=3,4 -j2 -- orders=2", ["orders=2"]],
    ["", []],
    [undefined, []],
  ])("in MAKEFLAGS %j are %j", (flags, words) => {
    expect(wordsOfMake(flags)).toEqual(words);
  });

  test("are counts by service", () => {
    expect(parseCounts(["orders=3", "api-gateway=02"], services)).toEqual({ orders: 3, "api-gateway": 2 });
  });

  test.each([
    [[], "Say how many"],
    [["shoes=1"], "There is no service shoes"],
    [["=1"], "There is no service =1"],
    [["orders"], "The number of nodes of orders"],
    [["orders="], "The number of nodes of orders"],
    [["orders=-1"], "The number of nodes of orders"],
    [["orders=1.5"], "The number of nodes of orders"],
    [["orders=33"], "The number of nodes of orders"],
    [["orders=00"], "orders needs at least one node"],
  ])("%j are refused: %s", (words, sentence) => {
    expect(() => parseCounts(words, services)).toThrow(sentence);
  });
});
