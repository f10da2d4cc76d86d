/**
 * What a coordinator does after it was stopped in the midst of its calls.
 *
 * @module
 */

import type { Finding } from "./checks.ts";
import type { Entry, History, SettledEntry, StopEntry } from "./history.ts";

/** A stopped coordinator asks for nothing more, and what it was asked for comes back empty. */
export function* stopsAreFinal({ entries }: History): Iterable<Finding> {
  for (const entry of entries) {
    if (entry.kind === "late") {
      const message = `${entry.coordinator} asked for ${entry.resource} after it was stopped`;
      yield { message, entries: [entry] };
    }
    if (entry.kind === "settled" && entry.held.length > 0) {
      const message = `${entry.coordinator} was stopped, and holds by ${entry.held.join(", ")}`;
      yield { message, entries: [entry] };
    }
  }
}

/**
 * Stops after which some call has not ended yet, of those that were noted before `mark`. A client that was
 * killed meanwhile owes nothing.
 */
export function unsettled(
  entries: readonly Entry[],
  mark: number,
  lives: (who: string) => boolean,
): StopEntry[] {
  const settled = new Set(
    entries.filter((entry): entry is Entry & SettledEntry => entry.kind === "settled")
      .map(({ coordinator }) => coordinator),
  );
  return entries.slice(0, mark).filter((entry): entry is Entry & StopEntry =>
    entry.kind === "stop" && lives(entry.who) && !settled.has(entry.coordinator)
  );
}

/** Within an open transaction nothing is answered that others would see only later, or never. */
export function* nothingWithin({ entries }: History): Iterable<Finding> {
  for (const entry of entries) {
    if (entry.kind !== "within" || entry.outcome !== "done") continue;
    const message = `${entry.resource} was answered within a transaction that was still open`;
    yield { message, entries: [entry] };
  }
}
