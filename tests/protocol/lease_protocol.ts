/**
 * Baton's lease protocol as a model that can be searched: clients that send, repeat and give up, one
 * seat on a server with a clock of its own, and between them a network that loses, delays, reorders
 * and doubles.
 *
 * @module
 */

import { believes, moves } from "./lease_client.ts";
import { forgotten } from "./lease_forget.ts";
import { PROPERTIES, type Property } from "./lease_properties.ts";
import { RIGHT, type Rules } from "./lease_rules.ts";
import { arrivals } from "./lease_server.ts";
import { idOf } from "./lease_ids.ts";
import { keyOf } from "./lease_key.ts";
import { clientOf, initial, type Model, type Scope, type State } from "./lease_state.ts";
import { restarts, ticks, writes } from "./lease_time.ts";
import type { Space, Step } from "./search.ts";

/** What to search. */
export interface Question {
  /** How large a world. */
  readonly scope: Scope;
  /** Which rules are other than right. */
  readonly rules?: Partial<Rules>;
  /** What must hold. */
  readonly properties: readonly Property[];
  /** Whether what can make no difference any more is forgotten; it is unless told otherwise. */
  readonly forgets?: boolean;
}

/** Who keeps to what in the answer to a question. */
export function modelOf({ scope, rules, properties }: Question): Model {
  return { rules: { ...RIGHT, ...rules }, scope, properties: new Set(properties) };
}

/** The space in which a question is answered. */
export function leaseProtocol(question: Question): Space<State> {
  const model = modelOf(question);
  const { forgets = true } = question;
  const kept = (state: State): State => forgets ? forgotten(model, state) : state;
  return {
    initial: initial(model),
    next: (state) => next(model, state, kept),
    invariant: (state) => broken(model, state),
    key: keyOf,
  };
}

/** Everything that can happen; what a client begins comes last, which makes traces easy to read. */
const EVENTS = [arrivals, ticks, restarts, writes, moves] as const;

function next(model: Model, state: State, kept: (state: State) => State): Step<State>[] {
  const steps: Step<State>[] = [];
  for (const event of EVENTS) {
    for (const { label, state: after } of event(model, state)) {
      steps.push({ label, state: kept(after) });
    }
  }
  return steps;
}

/** The property that a state breaks, as a sentence. */
function broken(model: Model, state: State): string | undefined {
  const { properties } = model;
  if (state.broken) return PROPERTIES[state.broken];
  const believing = state.clients.map((_, client) => client).filter((client) =>
    believes(model, state, client)
  );
  if (properties.has("exclusion") && believing.length > 1) return PROPERTIES.exclusion;
  if (!properties.has("backed")) return undefined;
  const { seat } = state;
  const backed = (client: number): boolean => {
    const { attempt, grant } = clientOf(state, client);
    return seat.left > 0 && seat.id === idOf(model, client, attempt) && seat.grant === grant;
  };
  return believing.every(backed) ? undefined : PROPERTIES.backed;
}
