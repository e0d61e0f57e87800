import { describe, expect, test } from "@jest/globals";
import { createGate } from "../../../mixins/messaging/gate.ts";

/** Works that are inside until they are let go. */
function createWorks() {
  const inside = new Set<string>();
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    inside,
    log,
    work: (name: string) => () => {
      inside.add(name);
      log.push([...inside].sort().join("+"));
      return new Promise<void>((resolve) => {
        ends.set(name, () => {
          inside.delete(name);
          resolve();
        });
      });
    },
    async end(name: string): Promise<void> {
      ends.get(name)?.();
      await settled();
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the gate", () => {
  test("lets works pass together", async () => {
    const gate = createGate();
    const { inside, work } = createWorks();
    void gate.together(work("a"));
    void gate.together(work("b"));
    await settled();
    expect([...inside]).toEqual(["a", "b"]);
  });

  test("lets a lone work wait for those inside, and those that come later wait for it", async () => {
    const gate = createGate();
    const { log, work, end } = createWorks();
    void gate.together(work("a"));
    void gate.alone(work("lone"));
    void gate.together(work("b"));
    void gate.together(work("c"));
    await settled();
    await end("a");
    await end("lone");
    expect(log).toEqual(["a", "lone", "b", "b+c"]);
  });

  test("lets two lone works pass one after the other", async () => {
    const gate = createGate();
    const { log, work, end } = createWorks();
    void gate.alone(work("x"));
    void gate.alone(work("y"));
    await settled();
    await end("x");
    expect(log).toEqual(["x", "y"]);
  });

  test("opens again after a lone work that failed", async () => {
    const gate = createGate();
    await expect(gate.alone(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(await gate.together(async () => "passed")).toBe("passed");
  });
});
