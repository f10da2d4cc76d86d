/**
 * What Baton's operations on one seat do when they come one by one, for the checker. No lease of the
 * history may end by itself: ttls are `Infinity`, or far longer than the run; or whoever knows the
 * instant of each end, as a simulator does, says so by an `expire` of its own. Of an end that cannot be
 * before some instant, and may be any time later, that is one without an output.
 *
 * Guards look at a second seat, for which there is `./guarded_model.ts`, and a list looks at all; both
 * are out of its scope, and it refuses them.
 *
 * @module
 */

import type { Acquire, Inspect, Lease, Outcome, Release, Renew } from "../../drivers/driver.ts";
import type { Call, Model } from "./wgl.ts";

/** A lease that ended by itself, or was still there to end: its outcome says which. */
export interface Expire {
  readonly op: "expire";
  readonly resource: string;
  readonly seat: string;
  readonly id: string;
  /** The term of the call that set this end, where a renewal may have set another since. */
  readonly term?: string;
}

/** A call that sets a lease's end, and a name for that end. */
export interface Termed {
  readonly term?: string;
}

/**
 * A release that `retrying()` sent more than once: "not held" then counts as released, for nobody can
 * tell whether an earlier send did it.
 */
export interface ResentRelease extends Release {
  readonly resent?: boolean;
}

/** An operation on one seat. */
export type SeatInput = (Acquire & Termed) | (Renew & Termed) | ResentRelease | Inspect | Expire;

/** A seat. */
export interface SeatState {
  readonly holder: Holder | undefined;
  /** A token above which every next one is. */
  readonly last: number;
}

/** Who has it; whose grant had no answer has a token that is not known until somebody sees it. */
interface Holder {
  readonly id: string;
  readonly token: number | undefined;
  readonly value: string;
  readonly ttl: number;
  readonly term: string | undefined;
}

/** The model of one seat. */
export const seatModel: Model<SeatState, SeatInput, Outcome> = {
  initial: { holder: undefined, last: -1 },
  step(state, input, output) {
    switch (input.op) {
      case "acquire":
        return acquire(state, input, output);
      case "renew":
        return renew(state, input, output);
      case "release":
        return release(state, input, output);
      case "inspect":
        return output ? sees(state, output, true, input.seat) : [state];
      case "expire":
        return expire(state, input, output);
    }
  },
  key({ holder, last }) {
    return JSON.stringify([
      last,
      holder && [holder.id, holder.token, holder.value, `${holder.ttl}`, holder.term],
    ]);
  },
  isRead(input, { ok }) {
    if (input.op === "renew") return !ok || (input.value === undefined && input.term === undefined);
    return input.op === "inspect" || !ok;
  },
  partition(input) {
    const { op, resource, seat } = input;
    if ("guard" in input && input.guard) throw new TypeError(`A guarded ${op} is about two seats`);
    if (seat === undefined) throw new TypeError(`An ${op} of all seats is not about one`);
    return JSON.stringify([resource, seat]);
  },
};

/** The end of a lease by itself, at an instant that is known. */
export function expiry(
  { resource, seat, id }: Acquire,
  instant: number,
  ended = true,
): Call<SeatInput, Outcome> {
  const input = { op: "expire", resource, seat, id } as const;
  const output = { ok: ended, leases: [] };
  return { client: "clock", input, output, invoked: instant, returned: instant };
}

type Next = readonly SeatState[];
type Output = Outcome | undefined;
const IMPOSSIBLE: Next = [];

function acquire(state: SeatState, input: Acquire & Termed, output: Output): Next {
  const { id, value, ttl, seat, term } = input;
  if (state.holder) {
    // A replay changes nothing, and a refusal says who is there.
    return output ? sees(state, output, state.holder.id === id, seat) : [state];
  }
  const granted = { ...state, holder: { id, token: undefined, value, ttl, term } };
  return output ? sees(granted, output, true, seat) : [granted];
}

function renew(state: SeatState, input: Renew & Termed, output: Output): Next {
  const { id, value, ttl, term } = input;
  const { holder } = state;
  const ok = holder?.id === id;
  if (output && !says(output, ok)) return IMPOSSIBLE;
  if (!ok) return [state];
  return [{ ...state, holder: { ...holder, ttl, term, value: value ?? holder.value } }];
}

function release(state: SeatState, input: ResentRelease, output: Output): Next {
  const { holder } = state;
  const ok = holder !== undefined && (input.id === undefined || input.id === holder.id);
  if (ok) return !output || says(output, true) ? [vacated(state)] : IMPOSSIBLE;
  if (!output) return [state];
  if (input.resent) return says(output, true) ? [state] : IMPOSSIBLE;
  return sees(state, output, false, input.seat);
}

function expire(state: SeatState, { id, term }: Expire, output: Output): Next {
  const { holder } = state;
  const ends = holder?.id === id && (term === undefined || holder.term === term);
  if (output && !says(output, ends)) return IMPOSSIBLE;
  return ends ? [vacated(state)] : [state];
}

/** Whether the outcome is that one, without a lease in it. */
function says({ ok, leases }: Outcome, expected: boolean): boolean {
  return ok === expected && leases.length === 0;
}

/** The state once the outcome has shown who holds the seat, if it can be so. */
function sees(state: SeatState, output: Outcome, ok: boolean, seat: string | undefined): Next {
  const { holder, last } = state;
  const [lease, ...others] = output.leases;
  if (output.ok !== ok || others.length > 0 || !lease !== !holder) return IMPOSSIBLE;
  if (!lease || !holder) return [state];
  if (lease.seat !== seat || !isOf(lease, holder)) return IMPOSSIBLE;
  if (holder.token !== undefined) return lease.token === holder.token ? [state] : IMPOSSIBLE;
  if (!Number.isSafeInteger(lease.token) || lease.token <= last) return IMPOSSIBLE;
  return [{ last: lease.token, holder: { ...holder, token: lease.token } }];
}

/**
 * Whether that is the holder's lease, but for its token. Time left is a bound and no more: on MySQL a
 * look that began before the grant that it sees counts from its own begin, so more than the ttl.
 */
function isOf({ id, value, left }: Lease, holder: Holder): boolean {
  const possible = left > 0 && (left === Infinity) === (holder.ttl === Infinity);
  return id === holder.id && value === holder.value && possible;
}

/** A token that nobody saw sets no mark: whether it was given again, nobody could tell. */
function vacated({ last }: SeatState): SeatState {
  return { holder: undefined, last };
}
