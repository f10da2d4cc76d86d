/**
 * What is written about a run where its slot is kept, and read back as its history.
 *
 * @module
 */

import type * as spi from "../drivers/driver.ts";
import type { RunRecord } from "./cron_types.ts";

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

/** Whoever runs, whatever slot; and for how long none begins after that. */
export const RUNNING = "running";

/** The runs that a job's seats tell of, the latest slot and run first. */
export function historyOf(leases: readonly spi.Lease[]): RunRecord[] {
  return leases
    .filter(({ seat }) => seat !== RUNNING)
    .map(({ seat, token, value }) => ({ slot: parseInt(seat), token, ...noteIn(value) }))
    .sort((a, b) => b.slot - a.slot || b.token - a.token);
}

/** What a run threw, as others may read it. */
export function brief(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text
    // Credentials in a URL; what a word like "token" announces; long strings that are no words.
    .replace(/\/\/[^\s/@]*@/g, "//…@")
    .replace(/\b(bearer|basic|token|passw(or)?d|secret|key)(\W{1,4})\S+/gi, "$1$3…")
    .replace(/[A-Za-z0-9+/_-]{24,}={0,2}/g, "…")
    .slice(0, 200);
}
