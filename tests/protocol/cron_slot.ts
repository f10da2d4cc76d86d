/**
 * A model of a cron slot in its two modes. In `once` the claim outlives the run, and nobody else ever
 * begins; in `retry` the claim is short and a run that ended well is recorded, and others claim under
 * the guard that nothing is. Time is whatever it likes to be: where claims run out, they may while
 * their runs go on.
 *
 * @module
 */

import type { Space, Step } from "./search.ts";

/** What the server and the clients keep to. */
export interface SlotRules {
  /** A claim in `retry`, and the look whether the slot is done, are one step. */
  readonly claimIsOneStep: boolean;
  /** A claim in `retry` looks whether the slot is done at all. */
  readonly claimIsGuarded: boolean;
  /** In `retry` the record is written before the claim is released, not after it. */
  readonly recordsFirst: boolean;
  /** A claim whose answer is lost is given up and released; otherwise its client runs all the same. */
  readonly runsOnAnswerOnly: boolean;
  /** In `once` the claim stays when the run has ended. */
  readonly claimOutlivesRun: boolean;
}

/** The rules as they are. */
export const RIGHT_SLOTS: SlotRules = {
  claimIsOneStep: true,
  claimIsGuarded: true,
  recordsFirst: true,
  runsOnAnswerOnly: true,
  claimOutlivesRun: true,
};

/** What a slot promises: the first in `once`, the others in `retry`. */
export const SLOT_PROMISES = {
  beginsOnce: "in mode once a slot begins once at most",
  doneIsDone: "no run is granted once one is recorded as done",
  endsOnce: "what ended well under a claim that had not run out is not run again",
} as const;

/** A promise's short name. */
export type SlotPromise = keyof typeof SLOT_PROMISES;

/** How large a world is searched, and what for. */
export interface SlotScope {
  readonly mode: "once" | "retry";
  /** How many triggers there are. */
  readonly triggers: number;
  /** Whether claims run out, in `retry`. */
  readonly expires: boolean;
  /** What must hold. */
  readonly promises: readonly SlotPromise[];
}

/** How a trigger stands: `"late"` has given its claim up, `"vain"` was granted it all the same. */
type Phase =
  | ("new" | "claiming" | "looked" | "granted" | "refused" | "running" | "ending" | "over")
  | ("late" | "vain");

interface SlotState {
  readonly phases: readonly Phase[];
  /** Of each trigger that is ending, how many of its two last operations were executed. */
  readonly ended: readonly number[];
  /** Who has the claim, counted from 1; 0 for nobody. */
  readonly claim: number;
  /** Whether an end is recorded. */
  readonly done: boolean;
  /** Whether the work was done by one whose claim had not run out. */
  readonly worked: boolean;
  /** How many runs have begun, where that is limited. */
  readonly begun: number;
  readonly broken?: string;
}

/** One trigger at one moment, and how it goes on. */
interface Turn {
  readonly scope: SlotScope;
  readonly rules: SlotRules;
  readonly state: SlotState;
  readonly trigger: number;
  /** Into another phase. */
  into(phase: Phase, label: string, change?: Partial<SlotState>): Step<SlotState>;
}

/** The space of one slot. */
export function cronSlot(scope: SlotScope, changed: Partial<SlotRules> = {}): Space<SlotState> {
  const rules = { ...RIGHT_SLOTS, ...changed };
  const triggers = Array.from({ length: scope.triggers }, (_, i) => i);
  return {
    initial: {
      phases: triggers.map(() => "new"),
      ended: triggers.map(() => 0),
      claim: 0,
      done: false,
      worked: false,
      begun: 0,
    },
    *next(state) {
      for (const trigger of triggers) {
        yield* advance({
          scope,
          rules,
          state,
          trigger,
          into: (phase, label, change = {}) => ({
            label: `${nameOf(trigger)} ${label}`,
            state: { ...state, ...change, phases: state.phases.with(trigger, phase) },
          }),
        });
      }
      if (scope.mode === "retry" && scope.expires && state.claim > 0) {
        yield {
          label: `${nameOf(state.claim - 1)}'s claim runs out`,
          state: { ...state, claim: 0 },
        };
      }
    },
    invariant: ({ broken }) => broken,
    key: (state) => JSON.stringify(state),
  };
}

function nameOf(trigger: number): string {
  return "abc".charAt(trigger);
}

function advance(turn: Turn): Step<SlotState>[] {
  const { state, trigger, into } = turn;
  switch (state.phases[trigger]) {
    case "new":
      return [into("claiming", "is triggered and sends its claim")];
    case "claiming":
      return [claim(turn, "granted"), giveUp(turn, "late")];
    case "late":
      return [claim(turn, "vain")];
    case "looked":
      return [state.claim > 0 ? taken(turn) : grant(turn, "granted")];
    case "granted":
      return [begin(turn, "hears that it has the slot"), giveUp(turn, "vain")];
    case "vain":
      return [into("over", "has what it gave up released", released(turn))];
    case "running":
      return [into("over", "crashes in its run"), stop(turn)];
    case "ending":
      return [end(turn)];
    default:
      return [];
  }
}

function claim(turn: Turn, granted: Phase): Step<SlotState> {
  const { scope, rules, state, into } = turn;
  const guarded = scope.mode === "retry" && rules.claimIsGuarded;
  if (state.claim > 0) return taken(turn);
  if (guarded && state.done) return into("refused", "is refused: the slot is done");
  if (guarded && !rules.claimIsOneStep && granted === "granted") {
    return into("looked", "is looked at: the slot is not done");
  }
  return grant(turn, granted);
}

function taken({ into }: Turn): Step<SlotState> {
  return into("refused", "is refused: the slot is claimed");
}

function grant({ scope, state, trigger, into }: Turn, granted: Phase): Step<SlotState> {
  const { done, worked } = state;
  return into(granted, "is granted the slot", {
    claim: trigger + 1,
    ...(worked && breaking(scope, "endsOnce")),
    ...(done && breaking(scope, "doneIsDone")),
  });
}

/** There is no answer, so nobody can tell; the claim may be on its way, or granted. */
function giveUp(turn: Turn, phase: Phase): Step<SlotState> {
  if (!turn.rules.runsOnAnswerOnly) return begin(turn, "has no answer");
  return turn.into(phase, "has no answer and gives up");
}

function begin({ scope, state, into }: Turn, why: string): Step<SlotState> {
  const begun = scope.mode === "once" ? state.begun + 1 : 0;
  const after = { begun, ...(begun > 1 && breaking(scope, "beginsOnce")) };
  return into("running", `${why} and begins to run`, after);
}

function stop(turn: Turn): Step<SlotState> {
  const { scope, rules, state, trigger, into } = turn;
  if (scope.mode === "once") {
    return into("over", "ends its run", rules.claimOutlivesRun ? {} : released(turn));
  }
  const worked = state.worked || state.claim === trigger + 1;
  return into("ending", "ends its run and sends its record and release", { worked });
}

/** A batch is a pipeline: others may act between its two operations. */
function end(turn: Turn): Step<SlotState> {
  const { rules, state, trigger, into } = turn;
  const executed = state.ended[trigger] ?? 0;
  const records = (executed === 0) === rules.recordsFirst;
  return into(
    executed === 0 ? "ending" : "over",
    records ? "is recorded as done" : "has its claim released",
    {
      ...(records ? { done: true } : released(turn)),
      ended: state.ended.with(trigger, executed + 1),
    },
  );
}

function released({ state, trigger }: Turn): Partial<SlotState> {
  return state.claim === trigger + 1 ? { claim: 0 } : {};
}

/** What breaks, if anybody looks at it. */
function breaking({ promises }: SlotScope, promise: SlotPromise): Partial<SlotState> {
  return promises.includes(promise) ? { broken: SLOT_PROMISES[promise] } : {};
}
