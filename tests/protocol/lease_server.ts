/**
 * What the server makes of each request of the lease protocol.
 *
 * @module
 */

import { idOf, nameOfId, ownerOf } from "./lease_ids.ts";
import {
  breaking,
  clientOf,
  type Model,
  nextGrant,
  noted,
  type Requests,
  requestsOf,
  type Seat,
  type State,
  withClient,
  withRequests,
} from "./lease_state.ts";
import type { Step } from "./search.ts";

/** By how much the clock's tokens are apart from one tick to the next: more than grants in a tick. */
export const TOKENS_PER_TICK = 8;

/** Every request on its way may arrive now. */
export function* arrivals(model: Model, state: State): Generator<Step<State>> {
  for (let id = 1; id < state.requests.length; id++) {
    const { acquire, again, renew, staleRenew, release, evict } = requestsOf(state, id);
    if (acquire + again + renew + staleRenew + release + evict === 0) continue;
    for (const kind of KINDS) {
      if (requestsOf(state, id)[kind] === 0) continue;
      const { label, state: after } = EXECUTE[kind](model, state, id);
      const left = requestsOf(after, id)[kind] - 1;
      yield { label, state: withRequests(after, id, { [kind]: left }) };
      if (state.copiesLeft > 0) {
        const again = { ...after, copiesLeft: state.copiesLeft - 1 };
        yield { label: `${label}; a copy of the request is still on its way`, state: again };
      }
    }
  }
}

type Execute = (model: Model, state: State, id: number) => Step<State>;

const EXECUTE: Readonly<Record<keyof Requests, Execute>> = {
  acquire: (model, state, id) => acquire(model, state, id, false),
  again: (model, state, id) => acquire(model, state, id, true),
  renew: (model, state, id) => renew(model, state, id, true),
  staleRenew: (model, state, id) => renew(model, state, id, false),
  release,
  evict,
};
const KINDS = Object.keys(EXECUTE) as readonly (keyof Requests)[];

function acquire(model: Model, state: State, id: number, again: boolean): Step<State> {
  const { seat } = state;
  const name = nameOfId(id);
  if (seat.left > 0 && seat.id === id) {
    const replayed = replay(model, state);
    const { grant } = replayed.seat;
    const label = `the server has ${name} already and answers token ${replayed.tokens[grant]}`;
    return { label, state: answerAcquire(model, replayed, id, grant, again) };
  }
  if (seat.left > 0 && model.rules.grantsOnlyVacant) {
    const label = `the server refuses ${name}, for ${nameOfId(seat.id)} has the seat`;
    return { label, state: answerAcquire(model, state, id, 0, again) };
  }
  const granted = grant(model, state, id);
  const label = `the server grants ${name} with token ${granted.seat.token}`;
  return { label, state: answerAcquire(model, granted, id, granted.seat.grant, again) };
}

function replay(model: Model, state: State): State {
  const { rules, scope } = model;
  const { seat } = state;
  if (!rules.replayKeepsExpiry) return { ...state, seat: { ...seat, left: scope.ttl } };
  if (rules.replayKeepsToken) return state;
  const renamed = grant(model, state, seat.id);
  const same = { ...renamed, seat: { ...renamed.seat, left: seat.left } };
  return breaking(model, same, "oneToken");
}

function grant(model: Model, state: State, id: number): State {
  const { rules, scope } = model;
  const clock = rules.tokenFollowsClock ? state.now * TOKENS_PER_TICK : 0;
  const token = Math.max(state.seat.token + 1, clock);
  const seat = { id, left: scope.ttl, token, grant: nextGrant(state), unrenewed: 0 };
  let after: State = { ...state, seat, tokens: [...state.tokens, token] };
  if (token <= Math.max(...state.tokens)) after = breaking(model, after, "tokensGrow");
  if (state.toldRefused & 1 << id) after = breaking(model, after, "refusedForGood");
  if (state.toldReleased & 1 << id) after = breaking(model, after, "releasedForGood");
  if (state.grantedIds & 1 << id) after = breaking(model, after, "grantedOnce");
  return noted(model, after, "grantedOnce", id);
}

function answerAcquire(
  model: Model,
  state: State,
  id: number,
  grant: number,
  again: boolean,
): State {
  const owner = ownerOf(id);
  const client = clientOf(state, owner);
  if (client.phase !== "trying" || idOf(model, owner, client.attempt) !== id) return state;
  if (grant === 0) return withClient(state, owner, { refused: true });
  if (again) return withClient(state, owner, { grantedAgain: client.grantedAgain | 1 << grant });
  return withClient(state, owner, { granted: client.granted | 1 << grant });
}

function renew(model: Model, state: State, id: number, awaited: boolean): Step<State> {
  const { rules, scope } = model;
  const { seat } = state;
  const theirs = rules.renewById
    ? seat.id === id
    : seat.id !== 0 && ownerOf(seat.id) === ownerOf(id);
  // A seat that has run out keeps its id only where this rule is taken away.
  const ok = theirs && seat.id !== 0;
  let after = state;
  if (ok) {
    after = { ...state, seat: { ...seat, left: scope.ttl, unrenewed: 0 } };
    if (seat.id !== id) after = breaking(model, after, "ownOnly");
    if (seat.left === 0) after = breaking(model, after, "noRevival");
  }
  const verb = ok ? "renews" : "does not renew";
  const label = `the server ${verb} ${nameOfId(id)}${
    ok && seat.id !== id ? `: it renews ${nameOfId(seat.id)}` : ""
  }`;
  const owner = ownerOf(id);
  const client = clientOf(after, owner);
  if (!awaited || client.renewalAge < 0 || idOf(model, owner, client.attempt) !== id) {
    return { label, state: after };
  }
  return { label, state: withClient(after, owner, { renewed: client.renewed | (ok ? 1 : 2) }) };
}

function release(model: Model, state: State, id: number): Step<State> {
  const { rules } = model;
  const { seat } = state;
  const live = seat.left > 0;
  const ok = live &&
    (rules.releaseById ? seat.id === id : ownerOf(seat.id) === ownerOf(id));
  const label = ok
    ? `the server releases ${nameOfId(seat.id)}${
      seat.id === id ? "" : ` on behalf of ${nameOfId(id)}`
    }`
    : `the server does not release ${nameOfId(id)}, which has no lease`;
  let after = ok ? { ...state, seat: vacated(model, seat) } : state;
  if (ok && seat.id !== id) after = breaking(model, after, "ownOnly");
  const owner = ownerOf(id);
  const client = clientOf(after, owner);
  const awaited = client.phase === "releasing" && idOf(model, owner, client.attempt) === id;
  return { label, state: awaited ? withClient(after, owner, { released: true }) : after };
}

function evict(model: Model, state: State, id: number): Step<State> {
  const { seat } = state;
  const live = seat.left > 0;
  const label = live
    ? `the server evicts ${nameOfId(seat.id)}, whom ${nameOfId(id)}'s cancel finds on the seat`
    : "the server finds nobody to evict";
  const after = live ? { ...state, seat: vacated(model, seat) } : state;
  return { label, state: live && seat.id !== id ? breaking(model, after, "ownOnly") : after };
}

function vacated({ rules }: Model, { token }: Seat): Seat {
  return { id: 0, left: 0, token: rules.tokenOutlivesRelease ? token : 0, grant: 0, unrenewed: 0 };
}
