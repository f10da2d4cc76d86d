/**
 * The pace at which the suite tries its laws on a real clock, which is the pace of the machine.
 *
 * A law that grants a lease for 200 ms and looks at it after 100 assumes that requests and timers are
 * quick against that. On a busy machine they are not, and then its verdict says nothing about the
 * driver, whether it passes or fails. So each delay is measured while a law runs. Its ttls are made of
 * a *tick*, which is long against the delays of late; and if a delay was long against its tick all the
 * same, the law is tried again with a longer one. Nothing but a measured delay leads to that: a law
 * that fails while all delays were short has failed. A delay of a second that came once makes no tick
 * of six seconds: ticks are doubled, from law to law and from try to try, until they are long enough.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { wrapped } from "../../drivers/kit/wrapped.ts";

/** What is known of time where laws are tried. */
export interface Surroundings {
  /** The shortest tick, in ms: the one for a machine that has nothing else to do. */
  readonly tick: number;
  /** Lets that many ms pass. */
  pass(ms: number): Promise<void>;
  /** What has the same pace: all that is tried with it shares what was measured. Default: this object. */
  readonly pace?: object;
}

/** A tick is to be this many times as long as the longest delay of late. */
const SPARE = 6;
/** A law has proved something if its tick was this many times as long as any delay. */
const ENOUGH = 4;
/** How many times as long the next tick may be. */
const GROWS = 2;
/** For how long a delay counts as one of late, in ms. */
const LATE = 5_000;
/** No law is tried with a longer tick, in ms: its ttls would be half a minute and more. */
const LONGEST = 10_000;
/** How often the event loop is asked how late it is, in ms. */
const SAMPLE = 20;
/** More operations than these in one request take long because they are many. */
const MANY = 16;
/** A clock that is waited for takes its time for each of these, in ms; another one at most by chance. */
const PROBES = [10, 50, 250];

const paces = new WeakMap<object, Promise<Pace>>();

/**
 * Tries something at the pace of the machine: once, and again for as long as a delay was too long for
 * the tick that it was tried with.
 *
 * @param at Where it is tried. All that is tried there shares what was measured, or at all that names the
 *   same `pace`.
 * @param work Is tried. Whatever it does against time, it must do with the tick and the clock given.
 * @returns what `work` has answered when no delay was too long.
 * @throws what `work` has thrown when no delay was too long; an error that says so when this machine
 *   is too slow for the longest tick.
 */
export async function atPace<T>(at: Surroundings, work: (watch: Watch) => Promise<T>): Promise<T> {
  const key = at.pace ?? at;
  let pace = paces.get(key);
  if (!pace) paces.set(key, pace = paceOf(at));
  return await (await pace).keep(work);
}

/** A clock that is set on by hand is never late, so nothing is measured by it. */
async function paceOf(at: Surroundings): Promise<Pace> {
  for (const ms of PROBES) {
    const start = performance.now();
    await at.pass(ms);
    // A busy machine makes any clock take long, but not this much longer the longer it is asked for.
    if (performance.now() - start < ms / 2) return new Pace(at, false);
  }
  return new Pace(at, true);
}

/** What was measured in one place. */
class Pace {
  readonly #at: Surroundings;
  readonly #real: boolean;
  /** The tick of the last try that depended on time and proved something. */
  #proved: number;
  /** The delays of late, each longer than all that came after it. */
  #delays: { readonly at: number; readonly ms: number }[] = [];
  readonly #watches = new Set<Watch>();
  #sampler: ReturnType<typeof setInterval> | undefined;

  constructor(at: Surroundings, real: boolean) {
    this.#at = at;
    this.#real = real;
    this.#proved = at.tick;
  }

  async keep<T>(work: (watch: Watch) => Promise<T>): Promise<T> {
    let least = this.#at.tick;
    for (;;) {
      const long = Math.min(SPARE * this.#recent(), GROWS * this.#proved);
      const tick = Math.min(LONGEST, Math.max(least, long));
      const watch = new Watch(this.#at, this.#real, tick, (ms) => this.#note(ms));
      this.#begin(watch);
      const end = await work(watch).then((value) => ({ value }), (error: unknown) => ({ error }))
        .finally(() => this.#end(watch));
      if (!watch.broken) {
        if (watch.asked) this.#proved = tick;
        if ("error" in end) throw end.error;
        return end.value;
      }
      // Longer each time, so that this ends.
      least = GROWS * tick;
      if (tick >= LONGEST) throw tooSlow(watch, end);
    }
  }

  #recent(): number {
    const now = performance.now();
    this.#delays = this.#delays.filter(({ at }) => now - at < LATE);
    return this.#delays[0]?.ms ?? 0;
  }

  #note(ms: number): void {
    while ((this.#delays.at(-1)?.ms ?? Infinity) <= ms) this.#delays.pop();
    this.#delays.push({ at: performance.now(), ms });
  }

  #begin(watch: Watch): void {
    this.#watches.add(watch);
    if (!this.#real || this.#sampler !== undefined) return;
    let due = performance.now() + SAMPLE;
    this.#sampler = setInterval(() => {
      const now = performance.now();
      for (const each of this.#watches) each.note(now - due);
      due = now + SAMPLE;
    }, SAMPLE);
  }

  #end(watch: Watch): void {
    watch.end();
    this.#watches.delete(watch);
    if (this.#watches.size > 0) return;
    clearInterval(this.#sampler);
    this.#sampler = undefined;
  }
}

/** One try: its tick, and what was measured while it lasted. */
export class Watch {
  /** The longest delay in this try so far, in ms. */
  worst = 0;
  readonly #at: Surroundings;
  readonly #real: boolean;
  readonly #tick: number;
  readonly #tell: (ms: number) => void;
  /** Requests that have no answer yet, and when it was due. */
  readonly #open = new Set<{ readonly due: number }>();
  #asked = false;

  /** Made by {@link atPace}. */
  constructor(at: Surroundings, real: boolean, tick: number, tell: (ms: number) => void) {
    this.#at = at;
    this.#real = real;
    this.#tick = Math.ceil(tick);
    this.#tell = tell;
  }

  /** The tick of this try, in ms. Whatever asks for it depends on time, and may be tried again. */
  get tick(): number {
    this.#asked = true;
    return this.#tick;
  }

  /** Whether the try has asked for its tick, and so depends on time. */
  get asked(): boolean {
    return this.#asked;
  }

  /** How many times the shortest tick it is. To ask for it is not to depend on time. */
  get stretch(): number {
    return this.#tick / this.#at.tick;
  }

  /** Whether a delay was too long for what depends on time. */
  get broken(): boolean {
    return this.#asked && this.#real && this.worst * ENOUGH > this.#tick;
  }

  /** Nothing more is measured. What is without an answer yet may be what was not waited for. */
  end(): void {
    for (const { due } of this.#open) this.note(Math.max(0, performance.now() - due));
    this.#open.clear();
  }

  /** Something took so many ms longer than in a perfect world, where it takes none. */
  note(ms: number): void {
    if (!this.#real) return;
    this.worst = Math.max(this.worst, ms);
    this.#tell(ms);
  }

  /** Lets that many ms pass, and measures how much more it was. */
  async pass(ms: number): Promise<void> {
    const start = performance.now();
    await this.#at.pass(ms);
    this.note(performance.now() - start - ms);
  }

  /** The same driver, but each of its requests is measured. */
  driver(inner: Driver): Driver {
    if (!this.#real) return inner;
    return {
      ...wrapped(inner),
      // Not async, for what throws must go on to throw.
      apply: (ops, options) => {
        if (ops.length > MANY) return inner.apply(ops, options);
        // What may wait at the backend is late only after that.
        const waits = ops.reduce((all, op) => all + ("patience" in op ? op.patience ?? 0 : 0), 0);
        const request = { due: performance.now() + waits };
        const answer = inner.apply(ops, options);
        this.#open.add(request);
        const note = (): void => {
          if (this.#open.delete(request)) this.note(Math.max(0, performance.now() - request.due));
        };
        answer.then(note, note);
        return answer;
      },
    };
  }
}

function tooSlow({ tick, worst }: Watch, end: object): Error {
  const [what, so] = [`${Math.round(worst)} ms`, `${tick} ms`];
  return new Error(
    `This machine is too slow to tell: something took ${what} that must be short against ${so}. ` +
      "Nothing is proved, neither way. Try again where less else is running",
    "error" in end ? { cause: end.error } : {},
  );
}
