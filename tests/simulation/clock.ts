/**
 * The clocks of one machine, as bad as clocks are.
 *
 * @module
 */

/** How a machine's clocks are. */
export interface ClockKind {
  /** How fast they run; 1 is true. */
  readonly rate: number;
  /** By how much the wall clock is wrong at the start, in ms. */
  readonly offset: number;
  /** Whether both stand still between one input and the next, and are one, as on Workers. */
  readonly frozen: boolean;
  /** Whether the monotonic clock stops while the machine sleeps. */
  readonly stopsAsleep: boolean;
}

/** The date at which every simulation begins. */
export const BEGIN = 1_800_000_000_000;

/** The wall clock and the monotonic clock of one machine. */
export class Clock {
  readonly kind: ClockKind;
  readonly #now: () => number;
  #steps = 0;
  /** For how long the machine has slept, and since when it does. */
  #slept = 0;
  #asleepSince: number | undefined;
  /** What frozen clocks show: the true time of the last input. */
  #seen = 0;
  #thawed = false;
  /** Whether it was set, or its machine has slept: then timers and clocks may disagree. */
  disturbed = false;

  /** @param now The true time. */
  constructor(now: () => number, kind: ClockKind) {
    this.#now = now;
    this.kind = kind;
    this.#seen = now();
  }

  wall = (): number => BEGIN + this.kind.offset + this.#steps + this.kind.rate * this.#time();

  mono = (): number => this.kind.frozen ? this.wall() : 5_000 + this.steady();

  /** What timers go by. */
  steady(): number {
    const asleep = this.#asleepSince === undefined ? 0 : this.#now() - this.#asleepSince;
    const missed = this.kind.stopsAsleep ? this.#slept + asleep : 0;
    return this.kind.rate * (this.#now() - missed);
  }

  /** An input has come: frozen clocks show the time again. */
  touch(): void {
    this.#seen = this.#now();
  }

  /** Sets the wall clock by so many ms. */
  step(ms: number): void {
    this.#steps += ms;
    this.disturbed = true;
  }

  /** The machine falls asleep, or wakes up. */
  sleeps(asleep: boolean): void {
    this.disturbed = true;
    if (asleep) this.#asleepSince ??= this.#now();
    else if (this.#asleepSince !== undefined) {
      this.#slept += this.#now() - this.#asleepSince;
      this.#asleepSince = undefined;
    }
  }

  /** Reads them as if they were not frozen. */
  thawed<T>(read: () => T): T {
    this.#thawed = true;
    try {
      return read();
    } finally {
      this.#thawed = false;
    }
  }

  #time(): number {
    return this.kind.frozen && !this.#thawed ? this.#seen : this.#now();
  }
}
