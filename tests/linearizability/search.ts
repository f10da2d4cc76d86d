/**
 * The search for an order of the calls on one key; `./wgl.ts` tells what it is after.
 *
 * A place in the search is a set of calls taken and the state that they lead to. From a place it goes
 * on with any call that began before anything that is not taken yet returned. It goes on from the
 * place that explains most returns; but a call without an answer, which may have happened at any time
 * or never, is a guess, and every guess made must explain some returns more. So it looks at all that
 * goes without a guess nearby before it makes one.
 *
 * @module
 */

import { Agenda } from "./agenda.ts";
import { Bitset } from "./bitset.ts";
import { type Event, eventList, lift, unlift } from "./event_list.ts";
import type { Call, CheckOptions, Model } from "./wgl.ts";

/** What a search came to. */
export interface Found {
  readonly linearizable: boolean | "unknown";
  /** Everything that returned before this time can be linearized. */
  readonly reached: number;
  /** Questions to the model, and calls taken or put back. */
  readonly steps: number;
}

/** A place, as a way from the beginning. */
interface Place<S, C> {
  readonly from: Place<S, C> | undefined;
  /** The call taken last; at the beginning none. */
  readonly event: Event<C> | undefined;
  readonly state: S;
  /** Which calls without an answer are taken, and how many they are. */
  readonly guessed: bigint;
  readonly guesses: number;
  readonly length: number;
}

/** A place, and the call to try there next. */
interface Trial<S, C> {
  readonly place: Place<S, C>;
  readonly event: Event<C>;
}

/** Looks for an order until there is one, or none, or the budget of steps is spent. */
export function search<S, I, O>(
  calls: readonly Call<I, O>[],
  model: Model<S, I, O>,
  { budget = 1_000_000, guessWorth = 16 }: CheckOptions,
): Found {
  type Here = Place<S, Call<I, O>>;
  type Invocation = Event<Call<I, O>>;

  const { answered, open, size } = eventList(calls);
  const agenda = new Agenda<Trial<S, Call<I, O>>>();
  const taken = new Bitset(size);
  /** For each set of answered calls taken with each state: the sets of guesses it was reached by. */
  const seen = new Map<string, bigint[]>();
  let here: Here = {
    ...{ from: undefined, event: undefined, state: model.initial },
    ...{ guessed: 0n, guesses: 0, length: 0 },
  };
  let steps = 0;
  let reached = -Infinity;

  const firstReturn = (): Invocation | undefined => {
    let event = answered.next;
    while (event && !event.isReturn) event = event.next;
    return event;
  };

  const isRead = ({ call: { input, output } }: Invocation): boolean =>
    output !== undefined && model.isRead?.(input, output) === true;

  /** The first answered call from there on that began before anything returned. */
  const answeredFrom = (from: Invocation | undefined, reads: boolean): Invocation | undefined => {
    for (let event = from; event && !event.isReturn; event = event.next) {
      if (isRead(event) === reads) return event;
    }
    return undefined;
  };

  /** What to try first here, or next: those that only read, those that write, and then guesses. */
  const next = (event?: Invocation): Invocation | undefined => {
    const before = firstReturn()?.at ?? -1;
    const guess = event && !event.end ? event.next : open.next;
    const guesses = guess && guess.at < before ? guess : undefined;
    if (event && !event.end) return guesses;
    const reads = !event || isRead(event);
    const more = answeredFrom(event ? event.next : answered.next, reads);
    return more ?? (reads ? answeredFrom(answered.next, false) : undefined) ?? guesses;
  };

  const plan = (event: Invocation | undefined): void => {
    const first = firstReturn();
    if (!event || !first) return;
    reached = Math.max(reached, first.call.returned);
    agenda.add(first.number - guessWorth * (here.guesses + (event.end ? 0 : 1)), {
      place: here,
      event,
    });
  };

  const take = (place: Here): void => {
    const { event } = here = place;
    if (!event) return;
    lift(event);
    if (event.end) taken.add(event.number);
    steps++;
  };

  const putBack = (): void => {
    const { event, from } = here;
    if (!event || !from) return;
    unlift(event);
    if (event.end) taken.remove(event.number);
    here = from;
    steps++;
  };

  /** Goes back to where the ways part, and on to that place. */
  const goTo = (place: Here): void => {
    const way: Here[] = [];
    for (let at: Here | undefined = place; at && at !== here; at = at.from) {
      while (here.length > at.length) putBack();
      if (at === here) break;
      way.push(at);
      if (at.length === here.length) putBack();
    }
    for (const at of way.reverse()) take(at);
  };

  /** Notes a place; false when the search was there before with the same guesses left, or more. */
  const isNew = (state: S, guessed: bigint): boolean => {
    const name = `${taken.name()} ${model.key(state)}`;
    const before = seen.get(name) ?? [];
    if (before.some((earlier) => (earlier & ~guessed) === 0n)) return false;
    seen.set(name, [...before.filter((earlier) => (guessed & ~earlier) !== 0n), guessed]);
    return true;
  };

  /** The places that the call leads to from here, as far as they are worth going to. */
  const placesAfter = (event: Invocation, states: readonly S[]): Here[] => {
    const { input, output } = event.call;
    const isGuess = !event.end;
    // What may not have happened and makes no difference did not happen: here, that is the call before
    // this one, if this one leads to the same without it.
    const without = here.event && !here.event.end && here.from
      ? model.step(here.from.state, input, output).map(model.key)
      : [];
    const guessed = isGuess ? here.guessed | (1n << BigInt(event.number)) : here.guessed;
    const guesses = here.guesses + Number(isGuess);
    if (!isGuess) taken.add(event.number);
    const places = states.filter((state) => {
      const name = model.key(state);
      return !without.includes(name) && isNew(state, guessed);
    }).map((state) => ({ from: here, event, state, guessed, guesses, length: here.length + 1 }));
    if (!isGuess) taken.remove(event.number);
    return places;
  };

  /** Whether a call that leads there is in nobody's way: if it fits in vain, so does all else. */
  const isNeutral = (event: Invocation, states: readonly S[]): boolean =>
    isRead(event) && states.some((state) => model.key(state) === model.key(here.state));

  isNew(here.state, here.guessed);
  plan(next());
  while (answered.next) {
    const trial = agenda.take();
    if (!trial) return { linearizable: false, reached, steps };
    if (steps >= budget) return { linearizable: "unknown", reached, steps };
    goTo(trial.place);
    const { place, event } = trial;
    const states = model.step(place.state, event.call.input, event.call.output);
    steps++;
    if (!isNeutral(event, states)) plan(next(event));
    for (const after of placesAfter(event, states).reverse()) {
      goTo(after);
      plan(next());
      if (!answered.next) break;
    }
  }
  return { linearizable: true, reached: Infinity, steps };
}
