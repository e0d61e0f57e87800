import { describe, expect, test } from "@jest/globals";
import { createNodePulse } from "../../../mixins/transport/node-pulse.ts";

function pulseAt() {
  const clock = { nowMs: 0 };
  return { clock, pulse: createNodePulse({ now: () => clock.nowMs }) };
}

describe("a node", () => {
  test("is silent when it has owed an answer for long, however often it was asked meanwhile", () => {
    const { clock, pulse } = pulseAt();
    pulse.asked("orders-1");
    clock.nowMs = 700;
    pulse.asked("orders-1");
    expect(pulse.isSilent("orders-1")).toBe(false);
    clock.nowMs = 800;
    expect(pulse.isSilent("orders-1")).toBe(true);
    expect([...pulse.waitedFor()]).toEqual(["orders-1"]);
  });

  test.each(["heard", "forget"] as const)("is not silent once it was %s", (word) => {
    const { clock, pulse } = pulseAt();
    pulse.asked("orders-1");
    clock.nowMs = 10_000;
    pulse[word]("orders-1");
    expect([pulse.isSilent("orders-1"), ...pulse.waitedFor()]).toEqual([false]);
  });

  test("that was never asked is not silent", () => {
    expect(pulseAt().pulse.isSilent("orders-1")).toBe(false);
  });
});
