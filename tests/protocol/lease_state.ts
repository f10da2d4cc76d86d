/**
 * What the model of the lease protocol consists of: clients, one seat on a server, and what is on
 * its way between them.
 *
 * Time is counted in ticks and only relative to now, so a search needs no last tick to end. A
 * message that is lost is one that never arrives; a late one arrives after others.
 *
 * @module
 */

import { MOST_ATTEMPTS } from "./lease_ids.ts";
import type { Property } from "./lease_properties.ts";
import type { Rules } from "./lease_rules.ts";

/** More grants than this would not fit the sets of grants in a key. */
const MOST_GRANTS = 12;

/** How large a world is searched. */
export interface Scope {
  /** For each client, how often it may try to acquire. */
  readonly attempts: readonly number[];
  /** For how many ticks the server keeps a lease. */
  readonly ttl: number;
  /** How often one acquire may be sent. */
  readonly sends: number;
  /** How often one lease may be renewed. */
  readonly renewals: number;
  /** How many requests, of all, the network delivers twice. */
  readonly copies: number;
  /** How many ticks a client's clock may miss within one ttl. */
  readonly unheard: 0 | 1 | "any";
  /** Whether clients write to a fenced resource. */
  readonly writes: boolean;
  /** How often the server may restart and forget what had not reached its disk. */
  readonly restarts: number;
  /** Whether a restart takes longer than tokens ever run ahead of the clock. */
  readonly slowRestart: boolean;
  /** How many ticks the server's clock counts in all, where tokens need it; 0 where they do not. */
  readonly horizon: number;
}

/** A model to search: who keeps to what, in which world, and what is looked for. */
export interface Model {
  /** What everyone keeps to. */
  readonly rules: Rules;
  /** How large the world is. */
  readonly scope: Scope;
  /** Which properties are looked at. */
  readonly properties: ReadonlySet<Property>;
}

/** How a client stands with its latest acquisition. */
export type Phase = "idle" | "trying" | "held" | "lost" | "releasing";

/** A client, and the answers to its latest acquisition that are on their way to it. */
export interface Client {
  readonly phase: Phase;
  /** Which of its acquisitions this is, from 1; 0 before the first. */
  readonly attempt: number;
  /** Ticks heard since the send from which its deadline counts. */
  readonly age: number;
  /** Ticks heard since it sent the acquire again; counted only where that matters. */
  readonly againAge: number;
  /** How often it has sent this acquire. */
  readonly sends: number;
  /** The grant it was told of. */
  readonly grant: number;
  /** How many renewals it has sent. */
  readonly renewals: number;
  /** Ticks heard since it sent the renewal that it waits for; -1 when it waits for none. */
  readonly renewalAge: number;
  /** Ticks since its clock missed one; the ttl when that is long ago. */
  readonly quiet: number;
  /** Answers on their way: the grants they tell of, as a set of bits. */
  readonly granted: number;
  /** The same, of those that answer the acquire's second send; told apart only where it matters. */
  readonly grantedAgain: number;
  /** An answer on its way says that the acquire was refused. */
  readonly refused: boolean;
  /** Answers to the renewal on their way: 1 says yes, 2 no, 3 both. */
  readonly renewed: number;
  /** An answer to the release is on its way. */
  readonly released: boolean;
}

/** Requests of one id that have been sent and not yet executed, by kind. */
export interface Requests {
  readonly acquire: number;
  /** The acquire's second send; told apart only where it matters. */
  readonly again: number;
  readonly renew: number;
  /** Renewals to which nobody waits for the answer any more. */
  readonly staleRenew: number;
  readonly release: number;
  /** Releases of whoever has the seat. */
  readonly evict: number;
}

/** The seat as the server knows it. */
export interface Seat {
  /** Who has it; 0 when it is vacant. */
  readonly id: number;
  /** For how many ticks the lease lives on. */
  readonly left: number;
  /** The last token. */
  readonly token: number;
  /** Which grant this is. */
  readonly grant: number;
  /** Ticks since it was granted or last renewed: no server counts this, the property does. */
  readonly unrenewed: number;
}

/** Everything, at one moment. */
export interface State {
  readonly clients: readonly Client[];
  /** By id. */
  readonly requests: readonly Requests[];
  readonly seat: Seat;
  /** What the server would know after a restart, where it can. */
  readonly disk: Seat;
  /** The server's clock, where tokens need it. */
  readonly now: number;
  /** The token of each grant so far, by its number. */
  readonly tokens: readonly number[];
  readonly copiesLeft: number;
  readonly restartsLeft: number;
  /** Writes on their way to the resource: the grants they were made under, as a set of bits. */
  readonly writes: number;
  /** The highest token that the resource has seen. */
  readonly fence: number;
  /** The newest grant whose write was applied. */
  readonly applied: number;
  /** Ids that were granted, as a set of bits, where that is looked at. */
  readonly grantedIds: number;
  /** Ids that were reported as refused, likewise. */
  readonly toldRefused: number;
  /** Ids that were reported as released, likewise. */
  readonly toldReleased: number;
  /** A property that the last step broke. */
  readonly broken: Property | undefined;
}

const VACANT: Seat = { id: 0, left: 0, token: 0, grant: 0, unrenewed: 0 };
const NOTHING: Requests = {
  acquire: 0,
  again: 0,
  renew: 0,
  staleRenew: 0,
  release: 0,
  evict: 0,
};

/** A client before its next acquisition. */
export const IDLE: Omit<Client, "attempt"> = {
  phase: "idle",
  age: 0,
  againAge: 0,
  sends: 0,
  grant: 0,
  renewals: 0,
  renewalAge: -1,
  quiet: 0,
  granted: 0,
  grantedAgain: 0,
  refused: false,
  renewed: 0,
  released: false,
};

/** Where it all begins. */
export function initial({ scope }: Model): State {
  return {
    clients: scope.attempts.map(() => ({ ...IDLE, attempt: 0, quiet: scope.ttl })),
    requests: Array(scope.attempts.length * MOST_ATTEMPTS + 1).fill(NOTHING),
    seat: VACANT,
    disk: VACANT,
    now: 0,
    tokens: [0],
    copiesLeft: scope.copies,
    restartsLeft: scope.restarts,
    writes: 0,
    fence: 0,
    applied: 0,
    grantedIds: 0,
    toldRefused: 0,
    toldReleased: 0,
    broken: undefined,
  };
}

/** For how many ticks heard a client believes. */
export function validity({ rules, scope }: Model): number {
  return scope.ttl - rules.margin;
}

/** The state with a client changed. */
export function withClient(state: State, client: number, change: Partial<Client>): State {
  const clients = state.clients.with(client, { ...clientOf(state, client), ...change });
  return { ...state, clients };
}

/** The state with the requests of an id changed. */
export function withRequests(state: State, id: number, change: Partial<Requests>): State {
  return { ...state, requests: state.requests.with(id, { ...requestsOf(state, id), ...change }) };
}

/** The state, with a property broken if anyone looks at it. */
export function breaking({ properties }: Model, state: State, property: Property): State {
  return properties.has(property) ? { ...state, broken: property } : state;
}

/** The state, with an id noted where a property that speaks of the past is looked at. */
export function noted(
  { properties }: Model,
  state: State,
  property: "grantedOnce" | "refusedForGood" | "releasedForGood",
  id: number,
): State {
  if (!properties.has(property)) return state;
  const note = NOTES[property];
  return { ...state, [note]: state[note] | 1 << id };
}

const NOTES = {
  grantedOnce: "grantedIds",
  refusedForGood: "toldRefused",
  releasedForGood: "toldReleased",
} as const;

/** A client by its number. */
export function clientOf(state: State, client: number): Client {
  return state.clients[client] as Client;
}

/** What is on its way under an id. */
export function requestsOf(state: State, id: number): Requests {
  return state.requests[id] as Requests;
}

/** The number of the next grant. */
export function nextGrant({ tokens }: State): number {
  if (tokens.length > MOST_GRANTS) throw new Error("there are more grants than a key can tell");
  return tokens.length;
}
