/** What all parts of one simulation share, and the two ways in which things take time: steps and questions. */
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly faults: Faults;
  /** Only where somebody reads it: telling costs more than doing. */
  readonly trace?: Trace;
}

/** Something that runs until it crashes; then whatever it waits for never comes. */
export interface Process {
  readonly name: string;
  isAlive(): boolean;
  /** Asked at each step: where to crash, if at all. */
  fate(): "before" | "after" | undefined;
  crash(): void;
}

/** One step of a process, for example a commit: takes a moment, and the process may crash before or after its effect. */
export function step<T>(world: World, process: Process, what: () => string, effect: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    if (!process.isAlive()) return;
    world.time.after(world.faults.latency(), () => {
      if (!process.isAlive()) return;
      const fate = process.fate();
      if (fate === "before") return process.crash();
      try {
        const result = effect();
        world.trace?.(process.name, what());
        if (fate === "after") return process.crash();
        resolve(result);
      } catch (error) {
        world.trace?.(process.name, what(), error);
        reject(error);
      }
    });
  });
}

interface Question<T> {
  readonly process: Process;
  readonly what: string;
  /** Runs where the request arrives: never, once or twice, and maybe after the asker has given up. */
  readonly serve: () => T | Promise<T>;
  readonly timeoutMs: number;
  /** What the asker is told when no answer comes in time. */
  readonly unknown: () => Error;
  /** The kind of fault that loses the answer. */
  readonly answerLost?: "lost" | "silent";
  readonly mayDouble?: boolean;
}

/** A request over a bad network, and its answer. */
export function ask<T>(world: World, question: Question<T>): Promise<T> {
  const { process, what, serve, timeoutMs, unknown, answerLost = "lost", mayDouble = true } = question;
  const { time, faults, trace } = world;
  return new Promise((resolve, reject) => {
    if (!process.isAlive()) return;
    const fate = process.fate();
    if (fate === "before") return process.crash();
    const timeout = time.after(timeoutMs, () => {
      if (!process.isAlive()) return;
      trace?.(process.name, what, "no answer");
      reject(unknown());
    });
    send();
    if (mayDouble && faults.happens("doubled")) send();
    if (fate === "after") process.crash();

    function send(): void {
      if (faults.happens("lost")) return;
      time.after(faults.latency(), () => {
        new Promise<T>((answer) => answer(serve())).then(
          (result) => reply(() => resolve(result)),
          (error) => reply(() => reject(error), error),
        );
      });
    }

    function reply(settle: () => void, outcome: unknown = "answered"): void {
      if (faults.happens(answerLost)) {
        trace?.(process.name, what, "answer lost");
        return;
      }
      time.after(faults.latency(), () => {
        timeout.cancel();
        if (!process.isAlive()) return;
        trace?.(process.name, what, outcome);
        settle();
      });
    }
  });
}

/** Somebody outside of the cluster, who does not crash. */
export function outsider(name: string): Process {
  return { name, isAlive: () => true, fate: () => undefined, crash: () => {} };
}
