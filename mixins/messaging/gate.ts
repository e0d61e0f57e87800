/** Lets works pass together, or one of them alone, in the order in which they came. */
export interface Gate {
  /** Runs `work` beside others. */
  together<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until all works that are inside have ended, and keeps the others waiting until this one has. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(): Gate {
  const waiting: { readonly alone: boolean; readonly enter: () => void }[] = [];
  let inside = 0;
  let isTaken = false;

  function admit(): void {
    for (let next = waiting[0]; next && !isTaken; next = waiting[0]) {
      if (next.alone && inside > 0) return;
      waiting.shift();
      inside += 1;
      isTaken = next.alone;
      next.enter();
    }
  }

  async function pass<T>(work: () => Promise<T>, alone: boolean): Promise<T> {
    await new Promise<void>((enter) => {
      waiting.push({ alone, enter });
      admit();
    });
    try {
      return await work();
    } finally {
      inside -= 1;
      if (alone) isTaken = false;
      admit();
    }
  }

  return { together: (work) => pass(work, false), alone: (work) => pass(work, true) };
}
