/**
 * A simulated process: the core's `Runtime`, which can be stopped, put to sleep and killed.
 *
 * @module
 */

import type { Runtime } from "../../coordination/runtime.ts";
import { Clock, type ClockKind } from "./clock.ts";
import type { Dice, Stream } from "./dice.ts";
import type { Schedule } from "./schedule.ts";

/** One life of one process. */
export class Host implements Runtime {
  /** Which process, and which of its lives. */
  readonly name: string;
  /** Its machine's clocks. */
  readonly clock: Clock;
  /** Where clocks stand still, requests end, and timers with them. */
  readonly lasting: boolean;
  readonly #schedule: Schedule;
  readonly #random: Stream;
  readonly #slack: Stream;
  /** What has come while it was stopped. */
  readonly #waiting: (() => void)[] = [];
  readonly #timers = new Set<symbol>();
  #ids = 0;
  #stops = 0;
  #alive = true;
  #since = 0;
  /** What ends each stop that is not computing. */
  readonly #ends = new Set<() => void>();

  constructor(name: string, schedule: Schedule, dice: Dice, kind: ClockKind) {
    this.name = name;
    this.lasting = !kind.frozen;
    this.#schedule = schedule;
    this.#random = dice.of(`${name} jitter`);
    this.#slack = dice.of(`${name} timers`);
    this.clock = new Clock(() => schedule.now, kind);
  }

  wall = (): number => this.clock.wall();
  mono = (): number => this.clock.mono();
  id = (): string => `${this.name}-${++this.#ids}`;
  random = (): number => this.#random();
  waitUntil = (): void => {};

  after = (ms: number, callback: () => void): () => void => {
    const key = Symbol();
    this.#timers.add(key);
    const due = this.clock.steady() + ms;
    const wait = (ms: number): void => {
      // A timer may fire a little early, and late by any amount.
      const slack = this.#slack() < 0.1 ? this.#slack() * 6 - 0.9 : 0;
      this.#schedule.in(Math.max(0, ms / this.clock.kind.rate + slack), () => this.deliver(fire));
    };
    const fire = (): void => {
      if (!this.#timers.has(key)) return;
      // Timers go by the monotonic clock, and wait while it does.
      const left = due - this.clock.steady();
      if (left > 1) return wait(left);
      this.#timers.delete(key);
      callback();
    };
    wait(ms);
    return () => this.#timers.delete(key);
  };

  /** How many ids it has made. */
  get ids(): number {
    return this.#ids;
  }

  /** How many timers are waiting. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Whether it has not been killed. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Whether it is alive and not stopped. */
  get runs(): boolean {
    return this.#alive && this.#stops === 0;
  }

  /** Something comes from outside: at once, or when it runs again, or never. */
  deliver(input: () => void): void {
    if (!this.#alive) return;
    if (this.#stops > 0) return void this.#waiting.push(input);
    this.clock.touch();
    input();
  }

  /** Since when it runs, in true ms. */
  get since(): number {
    return this.#since;
  }

  /** Stops it for so many ms, as SIGSTOP does; or puts its machine to sleep. */
  stop(ms: number, asleep = false): void {
    if (!this.#alive) return;
    this.#stops++;
    if (asleep) this.clock.sleeps(true);
    const end = (): void => {
      if (!this.#ends.delete(end)) return;
      if (asleep) this.clock.sleeps(false);
      this.#goOn();
    };
    this.#ends.add(end);
    this.#schedule.in(ms, end);
  }

  /** Ends every stop. */
  wake(): void {
    for (const end of [...this.#ends]) end();
  }

  /** Computes for so many ms: nothing else of it runs, and then what asked for this goes on first. */
  compute(ms: number): Promise<void> {
    this.#stops++;
    return new Promise((done) =>
      this.#schedule.in(ms, () => {
        if (!this.#alive) return;
        // Whoever computes sees no input, and so no new time, before it goes on.
        if (this.#stops === 1) done();
        else this.#waiting.unshift(done);
        this.#goOn();
      })
    );
  }

  /** Kills it: nothing of it ever runs again. */
  kill(): void {
    this.#alive = false;
    this.#timers.clear();
    this.#waiting.length = 0;
  }

  #goOn(): void {
    this.#stops--;
    if (this.#stops > 0 || !this.#alive) return;
    this.#since = this.#schedule.now;
    // One after the other, with what each sets going in between.
    for (const input of this.#waiting.splice(0)) {
      this.#schedule.in(0, () => this.deliver(input));
    }
  }
}
