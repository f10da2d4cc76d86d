/**
 * What Baton's operations do to several seats of one resource, guards included, and the operations of a
 * batch one after the other.
 *
 * @module
 */

import type { Guard, Outcome } from "../../drivers/driver.ts";
import { type SeatInput, seatModel, type SeatState } from "./seat_model.ts";
import type { Model } from "./wgl.ts";

/** A batch that an operation is part of. */
export interface Part {
  readonly batch: string;
  /** Its place there, from 0. */
  readonly index: number;
  readonly last: boolean;
}

/** An operation, by itself or as a part of a batch. */
export type GuardedInput = SeatInput & { readonly part?: Part };

/** Seats by their names, and how far each batch has come that is under way. */
export interface GuardedState {
  readonly seats: ReadonlyMap<string, SeatState>;
  readonly batches: ReadonlyMap<string, number>;
}

/** The model of all seats of one resource. */
export const guardedModel: Model<GuardedState, GuardedInput, Outcome> = {
  initial: { seats: new Map(), batches: new Map() },
  step(state, input, output) {
    const { part } = input;
    if (!part) return onSeats(state, input, output);
    const { batch, index, last } = part;
    if ((state.batches.get(batch) ?? 0) !== index) return [];
    const batches = new Map(state.batches);
    if (last) batches.delete(batch);
    else batches.set(batch, index + 1);
    return onSeats(state, input, output).map((next) => ({ ...next, batches }));
  },
  key({ seats, batches }) {
    const states = [...seats].map(([seat, state]) => [seat, seatModel.key(state)]);
    return JSON.stringify([states.sort(), [...batches].sort()]);
  },
  isRead(input, output) {
    return !input.part && seatModel.isRead?.(input, output) === true;
  },
  partition({ op, resource, ...input }) {
    const { seat, guard } = input as { seat?: string; guard?: Guard };
    const about = guard ? [guard.resource, guard.seat] : [resource, ""];
    if (seat !== undefined && about[0] === resource && about[1] !== undefined) return resource;
    throw new TypeError(`This ${op} is about more than seats of ${resource}`);
  },
};

type Output = Outcome | undefined;

function onSeats(state: GuardedState, input: SeatInput, output: Output): GuardedState[] {
  const guard = "guard" in input ? input.guard : undefined;
  const own = stateOf(state, input.seat);
  const applies = input.op === "acquire"
    ? !own.holder
    : input.op === "release" && own.holder && (input.id ?? own.holder.id) === own.holder.id;
  if (guard && applies) {
    const seen = stateOf(state, guard.seat);
    if ((guard.when === "held") !== (seen.holder !== undefined)) {
      if (!output) return [state];
      if (output.ok) return [];
      // Its answer tells who is there, as a look's does.
      const look = { op: "inspect", resource: guard.resource, seat: guard.seat ?? "" } as const;
      return set(state, guard.seat, seatModel.step(seen, look, { ...output, ok: true }));
    }
  }
  return set(state, input.seat, seatModel.step(own, input, output));
}

function stateOf({ seats }: GuardedState, seat: string | undefined): SeatState {
  return seats.get(seat ?? "") ?? seatModel.initial;
}

function set(
  state: GuardedState,
  seat: string | undefined,
  next: readonly SeatState[],
): GuardedState[] {
  return next.map((each) => ({ ...state, seats: new Map(state.seats).set(seat ?? "", each) }));
}
