/**
 * Which faults strike where. Each is decided by its own dice, under a name: so one can be left out
 * and the others stay, which is how a failing run is shrunk.
 *
 * @module
 */

import { type Dice, oneOf, type Stream } from "./dice.ts";

/** What can go wrong with one request; the rows of `reliability` in the README's fault model. */
export const REQUEST_FAULTS = [
  "request lost",
  "request refused",
  "request late",
  "request twice",
  "odd answer, nothing done",
  "odd answer, done",
  "reply lost",
  "reply late",
  "no answer",
  "batch in pieces",
  "batch cut",
] as const;

/** What can go wrong with a process or its machine. */
export const HOST_FAULTS = [
  "pause",
  "sleep",
  "kill",
  "evict",
  "partition",
  "wall clock step",
  "stop",
] as const;

/** What can go wrong with the backend. */
export const SERVER_FAULTS = [
  "restart",
  "clock step",
  "stale reads",
  "refusals",
  "data lost",
  "clock step beyond bounds",
] as const;

/** A kind of fault. */
export type Fault =
  | (typeof REQUEST_FAULTS)[number]
  | (typeof HOST_FAULTS)[number]
  | (typeof SERVER_FAULTS)[number];

/** Every kind. */
export const FAULTS: readonly Fault[] = [...REQUEST_FAULTS, ...HOST_FAULTS, ...SERVER_FAULTS];

/** The faults of one run. */
export class Faults {
  /** The names of those that have struck, in order. */
  readonly struck: string[] = [];
  /** Whether all is well from now on. */
  healed = false;
  readonly #dice: Dice;
  readonly #odds: ReadonlyMap<Fault, number>;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #told: (name: string) => void;

  /**
   * @param odds How probable each kind is, at each chance that it gets.
   * @param told Is told the name of each that strikes.
   * @param only The names of those that may strike; all of them unless given.
   */
  constructor(
    dice: Dice,
    odds: ReadonlyMap<Fault, number>,
    told: (name: string) => void,
    only?: ReadonlySet<string>,
  ) {
    this.#dice = dice;
    this.#told = told;
    this.#odds = odds;
    this.#only = only;
  }

  /** Whether a fault strikes there; if so, the dice for how hard. */
  strikes(fault: Fault, where: string): Stream | undefined {
    const odds = this.#odds.get(fault);
    if (odds === undefined || this.healed) return undefined;
    const name = `${fault} @ ${where}`;
    const random = this.#dice.of(name);
    if (random() >= odds || (this.#only && !this.#only.has(name))) return undefined;
    this.struck.push(name);
    this.#told(name);
    return random;
  }

  /** Whether this kind can strike in this run. */
  has(fault: Fault): boolean {
    return this.#odds.has(fault);
  }
}

/** Draws which kinds of fault a run has, and how often (swarm testing: Groce and others, 2012). */
export function drawn(random: Stream, kinds: readonly Fault[]): Map<Fault, number> {
  const share = random();
  const odds = new Map<Fault, number>();
  for (const kind of kinds) {
    const often = oneOf(random, [0.01, 0.03, 0.1, 0.2]);
    if (random() < share) odds.set(kind, often);
  }
  return odds;
}
