/**
 * Is a history linearizable? That is: can each call be given one instant between its invocation and
 * its return, so that the calls, in the order of these instants, do what the sequential model does
 * (Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects", 1990)?
 *
 * The search takes any call that nothing still in the list has to precede, asks the model what comes
 * of it, and goes on with the rest; where it gets stuck, calls are put back into the list (Wing and
 * Gong, "Testing and Verifying Concurrent Objects", 1993). It never looks twice at the same calls
 * taken with the same state reached (Lowe, "Testing for Linearizability", 2017). What calls on
 * different keys do is decided key by key (Horn and Kroening, "Faster Linearizability Checking via
 * P-compositionality", 2015).
 *
 * Calls with an unknown outcome make it hard, for each may happen at any time or never. They are the
 * last that is tried; one that makes no difference is not taken; and what failed with some of them
 * left is known to fail with fewer of them left. That finds an order in a few dozen steps for each
 * call; that there is none, in a long history with many of them, may never be known.
 *
 * @module
 */

import { search } from "./search.ts";

/** One call of one client. */
export interface Call<I, O> {
  /** Who called; for people who read it. */
  readonly client: string;
  /** What was asked. */
  readonly input: I;
  /** `undefined`: unknown; it may or may not have happened, at any time after it was invoked. */
  readonly output: O | undefined;
  /** When the call began, on the one clock of the history. */
  readonly invoked: number;
  /** When it was answered; `Infinity` when there was no answer. Ignored without an output. */
  readonly returned: number;
}

/** What the calls would do if they came one by one. */
export interface Model<S, I, O> {
  /** The state of every key before the first call. */
  readonly initial: S;
  /**
   * The states after this call, empty when the output is impossible in this state; an output of
   * `undefined` means any. Several where the output leaves several possible.
   */
  step(state: S, input: I, output: O | undefined): readonly S[];
  /** A text that is equal for equal states, and for no others. */
  key(state: S): string;
  /**
   * Whether a call with that output leaves every state that it is possible in as it is, but for what
   * the output tells of it. Where it tells nothing new it is taken at once, which is never regretted.
   */
  isRead?(input: I, output: O): boolean;
  /** What the call is about: calls on different keys are independent. Throws where it cannot say. */
  partition(input: I): string;
}

/** What came of a search, and how many steps, which are questions to the model, it took. */
export type Verdict<I, O> =
  | { readonly linearizable: true; readonly steps: number }
  | {
    readonly linearizable: false;
    readonly key: string;
    /**
     * The shortest prefix, by return time, of that key's history that fails. What had not returned
     * by then is in it as a call without an output.
     */
    readonly prefix: readonly Call<I, O>[];
    readonly steps: number;
  }
  | { readonly linearizable: "unknown"; readonly key: string; readonly steps: number };

/** How long to search. */
export interface CheckOptions {
  /** After how many steps on one key it is given up as unknown; a million unless given. */
  readonly budget?: number;
  /**
   * How many returns a call without an answer must explain to be worth a guess; 16 unless given. It
   * decides how soon there is a verdict, and never which.
   */
  readonly guessWorth?: number;
}

/**
 * Decides. A key that fails decides for all; one that is given up does not hide another's failure.
 * The steps are those of every key, and of finding the prefix.
 *
 * @throws {RangeError} when a call returned before it was invoked.
 */
export function check<S, I, O>(
  calls: readonly Call<I, O>[],
  model: Model<S, I, O>,
  options: CheckOptions = {},
): Verdict<I, O> {
  for (const { output, invoked, returned } of calls) {
    if (output === undefined || invoked <= returned) continue;
    throw new RangeError(`A call returned at ${returned}, but began at ${invoked}`);
  }
  const parts = Map.groupBy(calls, ({ input }) => model.partition(input));
  let steps = 0;
  let undecided: string | undefined;
  for (const [key, part] of parts) {
    const found = search(part, model, options);
    steps += found.steps;
    if (found.linearizable === "unknown") undecided ??= key;
    if (found.linearizable !== false) continue;
    const { prefix, steps: more } = shortest(part, model, options, found.reached);
    return { linearizable: false, key, prefix, steps: steps + more };
  }
  if (undecided !== undefined) return { linearizable: "unknown", key: undecided, steps };
  return { linearizable: true, steps };
}

/**
 * Every prefix of a linearizable history is linearizable, so the shortest one that is not can be
 * searched for in growing strides from where the search of the whole got stuck. One whose search is
 * given up counts as linearizable: what is answered fails for certain.
 */
function shortest<S, I, O>(
  calls: readonly Call<I, O>[],
  model: Model<S, I, O>,
  options: CheckOptions,
  reached: number,
): { prefix: readonly Call<I, O>[]; steps: number } {
  const answered = calls.filter(({ output }) => output !== undefined);
  const times = [...new Set(answered.map(({ returned }) => returned))].sort((a, b) =>
    a < b ? -1 : 1
  );
  let [passes, fails] = [times.indexOf(reached) - 1, times.length - 1];
  let steps = 0;
  for (let stride = 1; fails - passes > 1;) {
    const probe = Math.min(passes + stride, fails - 1);
    const found = search(until(calls, times[probe] as number), model, options);
    steps += found.steps;
    if (found.linearizable === false) [fails, stride] = [probe, Math.ceil(stride / 4)];
    else [passes, stride] = [probe, stride * 2];
  }
  return { prefix: until(calls, times[fails] as number), steps };
}

/** What was known at that time, its answers included. */
function until<I, O>(calls: readonly Call<I, O>[], time: number): Call<I, O>[] {
  return calls.filter(({ invoked }) => invoked <= time).map((call) =>
    call.returned <= time && call.output !== undefined
      ? call
      : { ...call, output: undefined, returned: Infinity }
  );
}
