/**
 * What a client writes down: when it was told that it holds something, and when it believed so.
 *
 * @module
 */

import { CoordinationError } from "../../errors.ts";
import type { CoordinatorEvent } from "../../coordination/events.ts";
import type { HoldEntry, Note, TallyEntry } from "./history.ts";

/** Hands a note on. */
export type Tell = (note: Note) => void;

/** What is known of something that is held. */
export interface Held {
  /**
   * Notes the belief of now. The clock is read first: what is believed a little later was believed
   * then, too.
   */
  sample(isHeld: () => boolean): boolean;
  /** Notes that it is given up. */
  end(): void;
}

/** Samples closer together than that, in ms, are worth no line of their own. */
const CLOSE = 8;
/** Errors that faults explain, by code. */
const EXPLAINED = new Set([
  ...["connection", "unknown-outcome", "timed-out", "lock-not-acquired", "lease-lost"],
  ...["group-not-created", "member-already-exist", "member-not-joined"],
]);

/** The counts of a tally, while they grow. */
export type Counts = {
  -readonly [K in Exclude<keyof TallyEntry, "kind" | "by" | "errors">]: number;
};

/** One client's diary, in one of its lives. */
export class Diary {
  readonly tell: Tell;
  readonly counts: Counts = {
    ...{ operations: 0, unanswered: 0, requests: 0, granted: 0, refused: 0, lost: 0 },
    turnedAway: 0,
  };
  readonly #who: string;
  readonly #now: () => number;
  readonly #errors: Record<string, number> = {};
  #handles = 0;

  /** `now` is a clock that is the same for all clients. */
  constructor(who: string, now: () => number, tell: Tell) {
    this.#who = who;
    this.#now = now;
    this.tell = tell;
  }

  now(): number {
    return this.#now();
  }

  hold(held: Omit<HoldEntry, "kind" | "handle" | "at">): Held {
    const handle = `${this.#who}#${++this.#handles}`;
    let told = -Infinity;
    let ended = false;
    this.tell({ kind: "hold", handle, ...held, at: this.#now() });
    return {
      sample: (isHeld) => {
        const at = this.#now();
        if (!isHeld()) {
          if (!ended) this.tell({ kind: "end", handle, at });
          ended = true;
          return false;
        }
        if (!ended && at - told < CLOSE) return true;
        this.tell({ kind: "seen", handle, at });
        told = at;
        return true;
      },
      end: () => {
        if (!ended) this.tell({ kind: "end", handle, at: this.#now() });
        ended = true;
      },
    };
  }

  /** Counts what a call threw; what no fault explains is written down in full. */
  failed(error: unknown): void {
    const code = error instanceof CoordinationError ? error.code : "odd";
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
    if (EXPLAINED.has(code)) return;
    this.odd(error, code);
  }

  /** Writes down what should not be. */
  odd(error: unknown, code = "odd"): void {
    const message = error instanceof Error ? error.stack ?? String(error) : String(error);
    this.tell({ kind: "odd", code, message, at: this.#now() });
  }

  /** For the `on` of a coordinator. */
  readonly on = (event: CoordinatorEvent): void => {
    if (event.type === "lost") this.counts.lost++;
    else if ("error" in event && event.error instanceof Error) this.failed(event.error);
  };

  /** Writes down what was counted so far. */
  sum(): void {
    this.tell({ kind: "tally", by: this.#who, ...this.counts, errors: { ...this.#errors } });
  }
}
