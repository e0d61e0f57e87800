import { expect, test } from "@jest/globals";
import { createBackOff } from "../../../scripts/cluster/back-off.ts";

test("a part that dies at once is started again fast, then after doubling delays, at most 5 s", () => {
  const delayAfter = createBackOff();
  const delays = Array.from({ length: 8 }, () => delayAfter(50));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

test("a part that lived for ten seconds is started again fast", () => {
  const delayAfter = createBackOff();
  for (let restarts = 0; restarts < 6; restarts += 1) delayAfter(50);
  expect(delayAfter(10_000)).toBe(100);
  expect(delayAfter(50)).toBe(200);
});
