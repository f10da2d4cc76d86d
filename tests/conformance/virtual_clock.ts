/**
 * Time that a test owns: it stands still until it is set on, and timers go by it.
 *
 * @module
 */

import type { Runtime } from "../../mod.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until `pass()` sets it on, for the tests of your own code. Give `clock.now` to
 * `memory()`, and `clock.runtime` to each coordinator.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { FakeClock, memory } from "@baton/baton/testing";
 *
 * const clock = new FakeClock();
 * const backend = memory({ now: clock.now });
 * const baton = new Coordinator(backend, { runtime: clock.runtime });
 * const lease = await baton.getLock("report").hold({ ttl: 10_000 });
 * await clock.pass(10_000);
 * console.log(lease.held); // false: nobody renewed it
 * ```
 */
export class FakeClock {
  // A date of today's size, so that tokens made of it are as long as they will be.
  #time = 1_800_000_000_000;
  readonly #timers = new Set<Timer>();

  /** The time, in ms since the epoch. */
  now = (): number => this.#time;

  /** Calls back once, when `ms` have passed; the answer cancels it. */
  after = (ms: number, callback: () => void): () => void => {
    const timer = { at: this.#time + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Clocks and timers of a coordinator that go by it. Jitter is always the same. */
  readonly runtime: Runtime = {
    wall: this.now,
    mono: this.now,
    after: this.after,
    id: () => crypto.randomUUID(),
    random: () => 0.5,
    waitUntil: () => {},
    lasting: true,
  };

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /**
   * Sets the clock on by `ms`. Timers that are due fire in the order of their instants, each at its own;
   * before the first and after each, everything runs that waits for promises alone.
   */
  async pass(ms: number): Promise<void> {
    const end = this.#time + ms;
    await settle();
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#time = Math.max(this.#time, timer.at);
      timer.callback();
      await settle();
    }
    this.#time = Math.max(this.#time, end);
  }

  /** The first timer that is due by then; of those of one instant the one that was set first. */
  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && timer.at < (next?.at ?? Infinity)) next = timer;
    }
    return next;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
