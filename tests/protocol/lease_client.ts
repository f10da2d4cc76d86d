/**
 * What a client of the lease protocol may do next: send, send again, give up, believe an answer.
 *
 * @module
 */

import { idOf, nameOf, nameOfId } from "./lease_ids.ts";
import {
  breaking,
  clientOf,
  IDLE,
  type Model,
  noted,
  requestsOf,
  type State,
  validity,
  withClient,
  withRequests,
} from "./lease_state.ts";
import type { Step } from "./search.ts";

/** Whether a client acts as if it held the seat. */
export function believes({ rules }: Model, state: State, client: number): boolean {
  const { phase } = clientOf(state, client);
  return phase === "held" || (phase === "releasing" && !rules.beliefEndsBeforeRelease);
}

/** Whether a client's clock matters to it: it waits for a deadline, or for an answer it counts from. */
export function isTiming({ rules }: Model, state: State, client: number): boolean {
  const { phase } = clientOf(state, client);
  return phase === "trying" || phase === "held" || (phase === "lost" && !rules.lostIsTerminal) ||
    (phase === "releasing" && !rules.beliefEndsBeforeRelease);
}

/** Whatever any client may do now. */
export function* moves(model: Model, state: State): Generator<Step<State>> {
  for (let client = 0; client < state.clients.length; client++) {
    const { phase } = clientOf(state, client);
    if (phase === "idle" || phase === "lost" || phase === "releasing") {
      yield* begin(model, state, client);
    }
    if (phase === "trying") yield* tryOn(model, state, client);
    if (phase === "held" || phase === "lost") yield* hold(model, state, client);
    if (phase === "releasing") yield* endRelease(model, state, client);
  }
}

/** The id of a client's latest acquisition. */
function currentId(model: Model, state: State, client: number): number {
  return idOf(model, client, clientOf(state, client).attempt);
}

/** Sends one more request of a kind. */
function sent(
  state: State,
  id: number,
  kind: "acquire" | "again" | "release" | "evict",
): State {
  return withRequests(state, id, { [kind]: requestsOf(state, id)[kind] + 1 });
}

/** Done with this acquisition, and free for the next. */
function ended(model: Model, state: State, client: number): State {
  return withClient(state, client, { ...IDLE, quiet: model.scope.ttl });
}

function* begin(model: Model, state: State, client: number): Generator<Step<State>> {
  const { attempt, phase } = clientOf(state, client);
  if (attempt >= (model.scope.attempts[client] ?? 0)) return;
  let after = ended(model, state, client);
  if (phase === "lost") after = unawaited(model, after, client);
  after = withClient(after, client, { phase: "trying", attempt: attempt + 1, sends: 1 });
  const id = currentId(model, after, client);
  yield {
    label: `${nameOf(client)} sends acquire ${nameOfId(id)}`,
    state: sent(after, id, "acquire"),
  };
}

/** Nobody waits for the answer to a renewal any more; the request may still arrive. */
function unawaited(model: Model, state: State, client: number): State {
  const id = currentId(model, state, client);
  const { renew, staleRenew } = requestsOf(state, id);
  return renew === 0
    ? state
    : withRequests(state, id, { renew: 0, staleRenew: staleRenew + renew });
}

function* tryOn(model: Model, state: State, client: number): Generator<Step<State>> {
  const { rules, scope } = model;
  const { sends, age, againAge, granted, grantedAgain, refused } = clientOf(state, client);
  const id = currentId(model, state, client);
  const name = nameOfId(id);
  if (sends < scope.sends) {
    const apart = rules.acquireCountsFrom === "acknowledged send";
    const from = rules.acquireCountsFrom === "last send" ? 0 : age;
    const after = withClient(state, client, { sends: sends + 1, age: from, againAge: 0 });
    yield {
      label: `${nameOf(client)} has no answer and sends acquire ${name} again`,
      state: sent(after, id, apart ? "again" : "acquire"),
    };
  }
  yield* giveUp(model, state, client);
  const first = rules.acquireCountsFrom === "answer" ? 0 : age;
  for (let grant = 1; grant < state.tokens.length; grant++) {
    if (granted & 1 << grant) yield takeGrant(model, state, client, grant, first);
    if (grantedAgain & 1 << grant) yield takeGrant(model, state, client, grant, againAge);
  }
  if (refused) {
    const after = noted(model, ended(model, state, client), "refusedForGood", id);
    yield { label: `${nameOf(client)} hears that ${name} is refused`, state: after };
  }
}

function* giveUp(model: Model, state: State, client: number): Generator<Step<State>> {
  const { rules } = model;
  const id = currentId(model, state, client);
  const name = nameOfId(id);
  const after = ended(model, state, client);
  if (!rules.silenceIsNotRefusal) {
    const holds = state.seat.left > 0 && state.seat.id === id;
    yield {
      label: `${nameOf(client)} has no answer and reports that ${name} is refused`,
      state: holds ? breaking(model, after, "noLies") : after,
    };
    return;
  }
  const given = `${nameOf(client)} gives ${name} up`;
  if (rules.cancel === "never") yield { label: given, state: after };
  if (rules.cancel === "by id") {
    yield { label: `${given} and sends release ${name}`, state: sent(after, id, "release") };
  }
  if (rules.cancel === "by seat") {
    const label = `${given} and sends a release of whoever has the seat`;
    yield { label, state: sent(after, id, "evict") };
  }
}

function takeGrant(
  model: Model,
  state: State,
  client: number,
  grant: number,
  age: number,
): Step<State> {
  const id = currentId(model, state, client);
  const told = `${nameOf(client)} hears that ${nameOfId(id)} is granted with token ${
    state.tokens[grant]
  }`;
  if (age >= validity(model)) {
    const label = `${told}, too late to believe it, and sends release ${nameOfId(id)}`;
    return { label, state: sent(ended(model, state, client), id, "release") };
  }
  const { attempt, quiet } = clientOf(state, client);
  const after = withClient(state, client, { ...IDLE, phase: "held", attempt, quiet, grant, age });
  return { label: `${told}, and believes it`, state: after };
}

function* hold(model: Model, state: State, client: number): Generator<Step<State>> {
  const { rules, scope } = model;
  const { phase, renewals, renewed, grant } = clientOf(state, client);
  const id = currentId(model, state, client);
  const who = nameOf(client);
  if (phase === "held" && renewals < scope.renewals) {
    const after = withClient(unawaited(model, state, client), client, {
      renewals: renewals + 1,
      renewalAge: 0,
      renewed: 0,
    });
    yield {
      label: `${who} sends renew ${nameOfId(id)}`,
      state: withRequests(after, id, { renew: 1 }),
    };
  }
  if (renewed & 1) yield* takeRenewal(model, state, client);
  if (renewed & 2 && phase === "held") {
    yield {
      label: `${who} hears that ${nameOfId(id)} was not renewed, and stops believing`,
      state: lost(model, state, client),
    };
  }
  if (phase === "held" && scope.writes && !(state.writes & 1 << grant)) {
    yield {
      label: `${who} sends a write under grant ${grant}, token ${state.tokens[grant]}`,
      state: { ...state, writes: state.writes | 1 << grant },
    };
  }
  const stops = rules.beliefEndsBeforeRelease ? "stops believing and " : "";
  const { attempt, age, quiet } = clientOf(state, client);
  const releasing = withClient(unawaited(model, state, client), client, {
    ...IDLE,
    ...(!rules.beliefEndsBeforeRelease && phase === "held" && { age, grant }),
    phase: "releasing",
    attempt,
    quiet: rules.beliefEndsBeforeRelease ? scope.ttl : quiet,
  });
  yield {
    label: `${who} ${stops}sends release ${nameOfId(id)}`,
    state: sent(releasing, id, "release"),
  };
}

/** The backend says yes to a renewal. */
function* takeRenewal(model: Model, state: State, client: number): Generator<Step<State>> {
  const { rules } = model;
  const { phase, age, renewalAge } = clientOf(state, client);
  const label = `${nameOf(client)} hears that ${
    nameOfId(currentId(model, state, client))
  } is renewed`;
  const from = rules.renewalCountsFrom === "answer" ? 0 : renewalAge;
  const answered = { renewalAge: -1, renewed: 0 };
  if (phase === "held") {
    // Answers may overtake each other; the latest send counts.
    yield { label, state: withClient(state, client, { ...answered, age: Math.min(age, from) }) };
    return;
  }
  if (rules.lostIsTerminal || from >= validity(model)) return;
  const revived = withClient(state, client, { ...answered, phase: "held", age: from });
  yield { label: `${label}, and believes again`, state: breaking(model, revived, "lostIsLost") };
}

/** The client's belief ends without its doing. */
export function lost(model: Model, state: State, client: number): State {
  if (!model.rules.lostIsTerminal) return withClient(state, client, { phase: "lost" });
  const { attempt } = clientOf(state, client);
  const after = unawaited(model, state, client);
  return withClient(after, client, { ...IDLE, phase: "lost", attempt, quiet: model.scope.ttl });
}

function* endRelease(model: Model, state: State, client: number): Generator<Step<State>> {
  const id = currentId(model, state, client);
  const told = noted(model, ended(model, state, client), "releasedForGood", id);
  if (clientOf(state, client).released) {
    yield { label: `${nameOf(client)} hears that ${nameOfId(id)} is released`, state: told };
  }
  if (!model.rules.silenceIsNotRelease) {
    const holds = state.seat.left > 0 && state.seat.id === id;
    yield {
      label: `${nameOf(client)} has no answer and reports that ${nameOfId(id)} is released`,
      state: holds ? breaking(model, told, "noLies") : told,
    };
  }
}
