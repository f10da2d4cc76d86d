/**
 * What is written about a run on its slot's seat, and read back as history.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import type { RunRecord } from "./types.ts";

/**
 * What a seat's value says. The seat names the slot. While a run goes on, its token is its lease's.
 */
export type Note = Omit<RunRecord, "slot" | "token"> & { readonly token?: number };

/** A note as a value. */
export function written(note: Note): string {
  return JSON.stringify(note);
}

/** The note in a value. A value of an older Baton is the holder's name alone. */
export function noteIn(value: string): Note {
  try {
    const { holder, token, started, ended, outcome, error } = JSON.parse(value);
    return {
      holder: String(holder),
      started,
      ended,
      outcome,
      ...(token && { token }),
      ...(error && { error }),
    };
  } catch {
    return { holder: value, started: 0, ended: null, outcome: "started" };
  }
}

/**
 * The seat that records the success of a `"retry"` slot, because the claim itself is short-lived.
 */
export function doneSeat(slot: number): string {
  return `${slot}/done`;
}

/**
 * The seat that records a failed run of a `"retry"` slot. It does not keep the slot from running
 * again.
 */
export function failedSeat(slot: number, token: number): string {
  return `${slot}/${token}`;
}

/** The seat of the run that goes on, of any slot. */
export const RUNNING = "running";
/** The seat of the last run, for as long as its `minHold` keeps other slots from starting. */
export const HOLD = "hold";

/** The slot that a seat is of; `NaN` for the job's own seats: running, hold. */
export function slotIn({ seat }: spi.Lease): number {
  return parseInt(seat);
}

/** The run that a slot's seat records. */
export function runIn(lease: spi.Lease): RunRecord {
  return { slot: slotIn(lease), token: lease.token, ...noteIn(lease.value) };
}

/**
 * What nobody should read: credentials in front of a host, with any characters in them; headers
 * that are secret as a whole; what follows "Bearer", or a name such as "api_key=" or "sig=", in
 * quotes (22, 27) or not; strings of 16 and more that are not words, because a secret of Baton's
 * own may be as short.
 */
const SECRETS =
  /(?<=\/\/)\S*(?=@)|(?<![\w/:])[^\s:/]+:[^\s@/]+(?=@)|(?<=(authorization|cookie)\W*?[:=]).+|(?<=\b(bearer|basic)\s+)\S+|(?<=(token|pass(w\w*)?|pwd|secret|key|sig(nature)?|credential)\W*?[:=]>?\s*)(\\?([\x22\x27])[^]*?\7|\S+)|(?=[\w+/-]*\d)[\w+/-]{16,}={0,2}|[\w+/-]{24,}={0,2}/gi;

/** What a run threw, in a form that others may read. It never throws. */
export function brief(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    // An object without a prototype, a message that is not a text, a revoked proxy.
    text = "what was thrown cannot be read";
  }
  // Only the beginning, because the search takes long in a text without white space.
  return text.slice(0, 1_000).replace(SECRETS, "…").slice(0, 200);
}
