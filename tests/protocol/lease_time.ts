/**
 * What happens by itself in the lease protocol: time passes, a server restarts, a write arrives.
 *
 * @module
 */

import { isTiming, lost } from "./lease_client.ts";
import { nameOf } from "./lease_ids.ts";
import {
  breaking,
  clientOf,
  type Model,
  type Seat,
  type State,
  validity,
  withClient,
} from "./lease_state.ts";
import type { Step } from "./search.ts";

/** A tick passes on every clock, but for those clients' that may miss it. */
export function* ticks(model: Model, state: State, what = "a tick passes"): Generator<Step<State>> {
  const { scope } = model;
  if (scope.horizon > 0 && state.now >= scope.horizon) return;
  const { left, unrenewed } = state.seat;
  let passed: State = {
    ...state,
    seat: aged(model, state.seat),
    disk: aged(model, state.disk),
    now: scope.horizon > 0 ? state.now + 1 : 0,
  };
  if (left > 1 && unrenewed + 1 >= scope.ttl) passed = breaking(model, passed, "endsWithTtl");
  for (let deaf = 0; deaf < 1 << state.clients.length; deaf++) {
    if (!mayMiss(model, state, deaf)) continue;
    const missing = state.clients.flatMap((_, client) =>
      deaf & 1 << client ? [nameOf(client)] : []
    );
    const label = missing.length > 0
      ? `${what}, and ${missing.join(" and ")}'s clock misses it`
      : what;
    let after = passed;
    for (let client = 0; client < state.clients.length; client++) {
      after = heard(model, after, client, (deaf & 1 << client) === 0);
    }
    yield { label, state: after };
  }
}

function aged({ rules }: Model, seat: Seat): Seat {
  if (seat.left > 1) return { ...seat, left: seat.left - 1, unrenewed: seat.unrenewed + 1 };
  // Nobody can tell a lease that has run out from none, but for a server that renews it all the same.
  const id = rules.renewNeedsLive ? 0 : seat.id;
  return { id, left: 0, token: seat.token, grant: id === 0 ? 0 : seat.grant, unrenewed: 0 };
}

function mayMiss(model: Model, state: State, deaf: number): boolean {
  const { unheard, ttl } = model.scope;
  return state.clients.every(({ quiet }, client) => {
    if (!(deaf & 1 << client)) return true;
    return unheard !== 0 && isTiming(model, state, client) && (unheard === "any" || quiet >= ttl);
  });
}

function heard(model: Model, state: State, client: number, hears: boolean): State {
  if (!isTiming(model, state, client)) return state;
  const { scope } = model;
  const { phase, age, againAge, renewalAge, quiet, sends } = clientOf(state, client);
  if (!hears) return withClient(state, client, { quiet: scope.unheard === "any" ? quiet : 1 });
  const over = validity(model);
  const apart = sends > 1 && model.rules.acquireCountsFrom === "acknowledged send";
  const after = withClient(state, client, {
    age: Math.min(age + 1, over),
    againAge: apart ? Math.min(againAge + 1, over) : 0,
    renewalAge: renewalAge < 0 ? renewalAge : Math.min(renewalAge + 1, over),
    quiet: Math.min(quiet + 1, scope.ttl),
  });
  return phase === "held" && age + 1 >= over ? lost(model, after, client) : after;
}

/** What has happened so far reaches the server's disk, or the server forgets what has not. */
export function* restarts(model: Model, state: State): Generator<Step<State>> {
  if (state.restartsLeft === 0) return;
  const { seat, disk } = state;
  if (seat.grant !== disk.grant || seat.token !== disk.token || seat.left !== disk.left) {
    yield { label: "what the server knows reaches its disk", state: { ...state, disk: seat } };
  }
  const label = "the server restarts and forgets what had not reached its disk";
  const after = { ...state, seat: disk, restartsLeft: state.restartsLeft - 1 };
  if (model.scope.slowRestart) yield* ticks(model, after, `${label}, while a tick passes`);
  else yield { label, state: after };
}

/** Every write on its way may arrive now. */
export function* writes(model: Model, state: State): Generator<Step<State>> {
  for (let grant = 1; grant < state.tokens.length; grant++) {
    if (!(state.writes & 1 << grant)) continue;
    const token = state.tokens[grant] ?? 0;
    const arrived = { ...state, writes: state.writes & ~(1 << grant) };
    if (model.rules.resourceChecksToken && token < state.fence) {
      yield {
        label: `the resource refuses the write under grant ${grant}, token ${token}`,
        state: arrived,
      };
      continue;
    }
    const after = {
      ...arrived,
      fence: Math.max(state.fence, token),
      applied: Math.max(state.applied, grant),
    };
    yield {
      label: `the resource applies the write under grant ${grant}, token ${token}`,
      state: grant < state.applied ? breaking(model, after, "fenced") : after,
    };
  }
}
