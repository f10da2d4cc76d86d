/**
 * What linearizable means, taken at its word: every order of the calls is tried. It shares nothing
 * with `./wgl.ts` that could be wrong in both: no list, no memory of where it was, no keys looked at
 * one by one. For histories of seven calls or so.
 *
 * @module
 */

import type { Call, Model } from "./wgl.ts";

/** Whether some order of all answered calls and of any of the others explains every output. */
export function bruteForce<S, I, O>(
  calls: readonly Call<I, O>[],
  model: Model<S, I, O>,
): boolean {
  const explains = (left: readonly Call<I, O>[], states: ReadonlyMap<string, S>): boolean =>
    left.every(({ output }) => output === undefined) ||
    left.some((next) => {
      // Whoever had returned before this one began must come earlier.
      const overtakes = left.some(({ output, returned }) =>
        output !== undefined && returned < next.invoked
      );
      if (overtakes) return false;
      const key = model.partition(next.input);
      const others = left.filter((call) => call !== next);
      return model.step(states.get(key) ?? model.initial, next.input, next.output)
        .some((state) => explains(others, new Map(states).set(key, state)));
    });
  return explains(calls, new Map());
}
