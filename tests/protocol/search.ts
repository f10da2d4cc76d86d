/**
 * A breadth-first search through every state that a model can reach. It either exhausts them, and
 * then what it was asked holds in all of them, or answers with a shortest way to a state where it
 * does not. Nothing is sampled and nothing is left to luck.
 *
 * @module
 */

/** A model: where it begins, what can happen next, and what must never be seen. */
export interface Space<State> {
  /** Where it begins. */
  readonly initial: State;
  /** Everything that can happen next, always in the same order. */
  next(state: State): Iterable<Step<State>>;
  /** The property that this state breaks, if any. */
  invariant(state: State): string | undefined;
  /** The same for two states exactly when they are the same. Short keys make the search small. */
  key(state: State): string | number | bigint;
}

/** Something that happens, and the state after it. */
export interface Step<State> {
  /** What happens, for people. */
  readonly label: string;
  /** The state after it. */
  readonly state: State;
}

/** How much was seen. */
export interface Seen {
  /** How many different states. */
  readonly states: number;
  /** How many steps between them, those to states seen before included. */
  readonly steps: number;
  /** How many steps the furthest state is away from the first. */
  readonly depth: number;
}

/** What a search found. Only `"exhausted"` says that the property holds. */
export type Verdict =
  | Seen & { readonly outcome: "exhausted" | "not exhausted" }
  | Seen & {
    readonly outcome: "broken";
    /** The property that is broken. */
    readonly property: string;
    /** What has to happen for that; no shorter way leads to any broken property. */
    readonly trace: readonly string[];
  };

/** How far to search. */
export interface Bounds {
  /** The search says "not exhausted" rather than look at more states than this. */
  readonly states?: number;
}

/** Searches every state that can be reached, nearest first. */
export function search<State>(space: Space<State>, bounds: Bounds = {}): Verdict {
  const { initial } = space;
  const limit = bounds.states ?? Infinity;
  const seen = new Set([space.key(initial)]);
  // By the number of a state: the state before it, and which of that one's steps leads to it. Labels
  // and states themselves are not kept; a trace is walked again when one is wanted.
  const parents = [0];
  const choices = [0];
  let steps = 0;
  let depth = 0;
  const sums = (): Seen => ({ states: seen.size, steps, depth });

  const broken = space.invariant(initial);
  if (broken !== undefined) return { ...sums(), outcome: "broken", property: broken, trace: [] };

  let level = [{ state: initial, index: 0 }];
  while (level.length > 0) {
    const further: typeof level = [];
    for (const { state, index } of level) {
      let choice = -1;
      for (const { state: after } of space.next(state)) {
        choice++;
        steps++;
        const key = space.key(after);
        if (seen.has(key)) continue;
        if (seen.size >= limit) return { ...sums(), outcome: "not exhausted" };
        seen.add(key);
        parents.push(index);
        choices.push(choice);
        const reached = { state: after, index: parents.length - 1 };
        const property = space.invariant(after);
        if (property !== undefined) {
          const trace = walk(space, wayTo(reached.index, parents, choices));
          return { ...sums(), depth: depth + 1, outcome: "broken", property, trace };
        }
        further.push(reached);
      }
    }
    if (further.length > 0) depth++;
    level = further;
  }
  return { ...sums(), outcome: "exhausted" };
}

/** Which choices lead from the first state to this one. */
function wayTo(
  index: number,
  parents: readonly number[],
  choices: readonly number[],
): readonly number[] {
  const way: number[] = [];
  for (let at = index; at !== 0; at = parents[at] ?? 0) way.push(choices[at] ?? 0);
  return way.reverse();
}

/** The labels along a way. */
function walk<State>(space: Space<State>, way: readonly number[]): readonly string[] {
  let state = space.initial;
  return way.map((choice) => {
    const step = [...space.next(state)][choice];
    if (!step) throw new Error("the model does not answer the same steps in the same order twice");
    state = step.state;
    return step.label;
  });
}
