/**
 * What is written about a run where its slot is kept, and read back as its history.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import type { RunRecord } from "./types.ts";

/** What a seat's value says. The slot is in the seat, and the token of a run that goes on its lease's. */
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

/** Where a `"retry"` slot's successful end is kept: the claim itself is short-lived. */
export function doneSeat(slot: number): string {
  return `${slot}/done`;
}

/** Where a failed run of a `"retry"` slot is kept, which its slot must not be held by. */
export function failedSeat(slot: number, token: number): string {
  return `${slot}/${token}`;
}

/** Whoever runs, whatever slot. */
export const RUNNING = "running";
/** Whoever ran last, for as long as no other slot is to begin after that. */
export const HOLD = "hold";

/** The runs that a job's seats tell of, the latest slot and run first. */
export function historyOf(leases: readonly spi.Lease[]): RunRecord[] {
  return leases
    .filter(({ seat }) => /\d/.test(seat)) // not the job's own: running, hold
    .map(({ seat, token, value }) => ({ slot: parseInt(seat), token, ...noteIn(value) }))
    .sort((a, b) => b.slot - a.slot || b.token - a.token);
}

/**
 * What nobody should read: credentials in front of a host, whatever is in them; headers that are all
 * secret; what comes after "Bearer", and after a name such as "api_key=" or "sig=", in quotes (22, 27)
 * or not; strings of 16 and more that are no words, for a secret of Baton's own may be as short.
 */
const SECRETS =
  /(?<=\/\/)\S*(?=@)|(?<![\w/:])[^\s:/]+:[^\s@/]+(?=@)|(?<=(authorization|cookie)\W*?[:=]).+|(?<=\b(bearer|basic)\s+)\S+|(?<=(token|pass(w\w*)?|pwd|secret|key|sig(nature)?|credential)\W*?[:=]>?\s*)(\\?([\x22\x27])[^]*?\7|\S+)|(?=[\w+/-]*\d)[\w+/-]{16,}={0,2}|[\w+/-]{24,}={0,2}/gi;

/** What a run threw, as others may read it. It never throws, whatever was thrown. */
export function brief(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    // An object without a prototype, a message that is none, a revoked proxy.
    text = "what was thrown cannot be read";
  }
  // Not all of it, for the search takes long over a text without white space.
  return text.slice(0, 1_000).replace(SECRETS, "…").slice(0, 200);
}
