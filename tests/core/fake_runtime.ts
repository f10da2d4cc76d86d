/** A runtime whose time a test owns. */

import type { Runtime } from "../../coordination/runtime.ts";

/** Lets everything that waits for nothing but promises run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Virtual clocks and timers. */
export class FakeRuntime implements Runtime {
  /** The wall clock, in ms since the epoch. */
  wallNow = 1_800_000_000_000;
  /** The monotonic clock, in ms. */
  monoNow = 5_000;
  /** What was handed to the background. */
  readonly background: Promise<void>[] = [];
  lasting = true;
  /** More timers than this are never due at one instant, unless one sets the next. */
  mostAtOnce = 2_000;
  /** Whether something is under way that time must wait for, such as a request over a real wire. */
  busy: () => boolean = () => false;
  #ids = 0;
  #timers = new Map<symbol, { at: number; callback: () => void }>();

  wall = (): number => this.wallNow;
  mono = (): number => this.monoNow;
  id = (): string => `id-${++this.#ids}`;
  random = (): number => 0.5;
  waitUntil = (work: Promise<void>): void => void this.background.push(work);

  after = (ms: number, callback: () => void): () => void => {
    const key = Symbol();
    this.#timers.set(key, { at: this.monoNow + ms, callback });
    return () => this.#timers.delete(key);
  };

  /** How many timers are waiting: 0 when nothing was left behind. */
  get timers(): number {
    return this.#timers.size;
  }

  /**
   * Lets time pass: every timer fires at its instant, and what it starts runs.
   *
   * @throws {Error} when timers fire again and again while none passes: a loop without a pause.
   */
  async advance(ms: number): Promise<void> {
    const end = this.monoNow + ms;
    await this.#settled();
    for (let [fired, at] = [0, this.monoNow];; fired++) {
      const next = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0];
      if (!next || next[1].at > end) break;
      if (next[1].at > at) [fired, at] = [0, next[1].at];
      if (fired > this.mostAtOnce) throw new Error("A loop sets timers that take no time");
      this.stop(Math.max(0, next[1].at - this.monoNow));
      this.#timers.delete(next[0]);
      next[1].callback();
      await this.#settled();
    }
    this.stop(end - this.monoNow);
  }

  async #settled(): Promise<void> {
    do await settled(); while (this.busy());
  }

  /** Lets time pass while nothing of this process runs, as under SIGSTOP. */
  stop(ms: number): void {
    this.wallNow += ms;
    this.monoNow += ms;
  }
}
