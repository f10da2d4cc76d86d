/**
 * Virtual time: what is to happen when, in one order that is the same each time.
 *
 * @module
 */

import { setImmediate } from "node:timers";

interface Entry {
  readonly time: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Everything that is still to happen, the earliest first. */
export class Schedule {
  /** The true time, in ms; no simulated process can see it. */
  now = 0;
  /** How many things have happened. */
  happened = 0;
  readonly #heap: Entry[] = [];
  #order = 0;

  /** Does something at an instant, or at once when that is over; the answer cancels it. */
  at(time: number, run: () => void): () => void {
    const entry: Entry = { time: Math.max(time, this.now), order: this.#order++, run };
    this.#rise(entry);
    return () => entry.run = undefined;
  }

  /** Does something in `ms`. */
  in(ms: number, run: () => void): () => void {
    return this.at(this.now + ms, run);
  }

  /** Lets time pass until `end`, or until `done` says that it is enough. */
  async until(end: number, done: () => boolean = () => false): Promise<void> {
    await settled();
    while (!done()) {
      const [first] = this.#heap;
      if (!first || first.time > end) break;
      this.#sink();
      if (!first.run) continue;
      this.now = first.time;
      this.happened++;
      first.run();
      // What it has set going ends before the next thing happens.
      await settled();
    }
    if (!done()) this.now = Math.max(this.now, end);
  }

  #rise(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(entry, heap[above] as Entry)) break;
      heap[at] = heap[above] as Entry;
      at = above;
    }
    heap[at] = entry;
  }

  /** Removes the first. */
  #sink(): void {
    const heap = this.#heap;
    const entry = heap.pop() as Entry;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const other = heap[below + 1];
      if (other && isBefore(other, heap[below] as Entry)) below++;
      if (!isBefore(heap[below] as Entry, entry)) break;
      heap[at] = heap[below] as Entry;
      at = below;
    }
    heap[at] = entry;
  }
}

function isBefore(one: Entry, two: Entry): boolean {
  return one.time < two.time || (one.time === two.time && one.order < two.order);
}

/** Lets everything run that waits for nothing but promises. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
