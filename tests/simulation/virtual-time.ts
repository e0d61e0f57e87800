/**
 * Time that passes from one event to the next. Whatever waits in a simulation waits here, so that the order of all
 * events follows from their times alone.
 */
import type { Random } from "./random.ts";

export interface Timer {
  cancel(): void;
}

export interface VirtualTime {
  /** Unix milliseconds, a little later on each call: ids made of it sort by their making, whatever their random part. */
  readonly clock: () => number;
  /** Milliseconds since the start. */
  elapsed(): number;
  /** Events that wait and are not background. */
  waiting(): number;
  /** @param background does not keep the simulation going, such as a timer that comes again and again */
  after(delayMs: number, run: () => void, options?: { background?: boolean }): Timer;
  sleep(delayMs: number): Promise<void>;
  /**
   * Lets one event after the other happen; between two, all that follows from the first without waiting is done.
   * @param isDone asked before each event
   * @throws {NoRest} `maxEvents` were not enough
   */
  run(isDone: () => boolean, limits: { maxEvents: number }): Promise<void>;
}

/** Something goes on for ever. */
export class NoRest extends Error {}

interface Event extends Timer {
  readonly at: number;
  readonly order: number;
  readonly background: boolean;
  run: (() => void) | undefined;
}

export function createVirtualTime(startMs: number): VirtualTime {
  const heap: Event[] = [];
  let now = startMs;
  let order = 0;
  let waiting = 0;

  function after(delayMs: number, run: () => void, { background = false } = {}): Timer {
    const event: Event = {
      at: now + Math.max(0, delayMs),
      order: order++,
      background,
      run,
      cancel() {
        if (!event.run) return;
        event.run = undefined;
        if (!background) waiting -= 1;
      },
    };
    push(heap, event);
    if (!background) waiting += 1;
    return event;
  }

  return {
    clock: () => Math.floor(++now),
    elapsed: () => now - startMs,
    waiting: () => waiting,
    after,
    sleep: (delayMs) => new Promise((resolve) => after(delayMs, resolve)),
    async run(isDone, { maxEvents }) {
      for (let events = 0; !isDone(); ) {
        const event = pop(heap);
        if (!event) return;
        const { run } = event;
        if (!run) continue;
        if (++events > maxEvents) throw new NoRest(`It did not come to rest within ${maxEvents} events`);
        event.cancel();
        now = Math.max(now, event.at);
        run();
        await allMicrotasks();
      }
    },
  };
}

/** A tick that is asked for in a microtask comes after all other microtasks, also those that they cause. */
function allMicrotasks(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

const isEarlier = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(heap: Event[], event: Event): void {
  let index = heap.length;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isEarlier(event, heap[parent] as Event)) break;
    heap[index] = heap[parent] as Event;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!last || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isEarlier(heap[child + 1] as Event, heap[child] as Event)) child += 1;
    if (!isEarlier(heap[child] as Event, last)) break;
    heap[index] = heap[child] as Event;
    index = child;
  }
  heap[index] = last;
  return first;
}

/**
 * Runs `work` with the global timers, clock and chance replaced by virtual ones: production code that takes them as
 * defaults follows the simulation.
 */
export async function withVirtualGlobals<T>(
  { time, random }: { time: VirtualTime; random: Random },
  work: () => Promise<T>,
): Promise<T> {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const real = { setTimeout, clearTimeout, setInterval, clearInterval };
  const { now } = Date;
  const { random: chance } = Math;
  const { stackTraceLimit } = Error;

  const once = (run: () => void, delayMs = 0) => time.after(delayMs, run);
  const again = (run: () => void, everyMs: number) => {
    const repeat = (): Timer =>
      time.after(
        everyMs,
        () => {
          next = repeat();
          run();
        },
        { background: true },
      );
    let next = repeat();
    return { cancel: () => next.cancel() };
  };
  const cancel = (timer?: Timer) => timer?.cancel();

  Object.assign(globalThis, {
    setTimeout: once,
    setInterval: again,
    clearTimeout: cancel,
    clearInterval: cancel,
  });
  Date.now = time.clock;
  Math.random = random.next;
  // Thousands of errors a second are part of the story; their stacks would cost more than all else.
  Error.stackTraceLimit = 0;
  try {
    return await work();
  } finally {
    Object.assign(globalThis, real);
    Date.now = now;
    Math.random = chance;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
