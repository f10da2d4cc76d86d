/** The current state, derived from the events so far; the board and the plain lines both use it. */

import type { Happening, Schedule } from "./messages.ts";
import { SECOND } from "./messages.ts";
import { type Takeover, takeovers } from "./tally.ts";

/** The state of a worker. */
export type State = "starting" | "following" | "leading" | "paused" | "killed" | "ended";

/** One worker, as far as the demo's main process knows. */
export interface WorkerView {
  readonly name: string;
  readonly pid: number;
  state: State;
  /** When it entered this state, in ms since the first slot. */
  since: number;
  /** When it was last woken. */
  resumed?: number;
  /** The term in which it leads. */
  term?: number;
  replacedBy?: string;
}

/** A frozen worker that was woken, and when it noticed its loss. */
export interface Awakening {
  readonly worker: string;
  /** How long after it woke it knew, in ms. */
  readonly took: number;
}

export class Story {
  readonly workers = new Map<string, WorkerView>();
  readonly happenings: Happening[] = [];
  readonly awakenings: Awakening[] = [];
  /** Slots that another worker had claimed when a worker tried, and that worker's name. */
  readonly skipped = new Map<number, string>();
  /** How many claims were refused because the slot was taken. */
  refusals = 0;
  /** The leader's name; `undefined` while no worker has reported that it leads. */
  leader: string | undefined;
  /** Since when there has been no leader, in ms since the first slot. */
  vacantSince: number | undefined;
  schedule: Schedule | undefined;
  readonly #listeners: ((happening: Happening) => void)[] = [];

  /** Calls `listener` after each event. */
  listen(listener: (happening: Happening) => void): void {
    this.#listeners.push(listener);
  }

  /** Adds a note. */
  note(at: number, text: string): void {
    this.add({ at, type: "note", text });
  }

  /** Adds the next event. */
  add(happening: Happening): void {
    this.happenings.push(happening);
    this.#follow(happening);
    for (const listener of this.#listeners) listener(happening);
  }

  /** Every takeover so far. */
  get takeovers(): Takeover[] {
    return takeovers(this.happenings);
  }

  /** A slot's number, counted from 0. */
  index(slot: number): number {
    return (slot - (this.schedule?.first ?? slot)) / SECOND;
  }

  #follow(happening: Happening): void {
    if (happening.type === "note") return;
    const { at, worker: name } = happening;
    if (happening.type === "started") {
      const { pid, replaces } = happening;
      this.workers.set(name, { name, pid, state: "starting", since: at });
      const replaced = replaces === undefined ? undefined : this.workers.get(replaces);
      if (replaced) replaced.replacedBy = name;
      return;
    }
    const worker = this.workers.get(name);
    if (!worker) return;
    const become = (state: State): void => {
      if (worker.state === "killed") return;
      [worker.state, worker.since] = [state, at];
      if (state !== "leading" && this.leader === name) {
        [this.leader, this.vacantSince] = [undefined, at];
      }
    };
    switch (happening.type) {
      case "elected":
        // It won, but it was killed or frozen before its report arrived, so it does not lead.
        if (worker.state === "killed" || worker.state === "paused") return;
        become("leading");
        worker.term = happening.term;
        [this.leader, this.vacantSince] = [name, undefined];
        return;
      case "leadership-lost":
        if (worker.resumed !== undefined) {
          this.awakenings.push({ worker: name, took: at - worker.resumed });
          delete worker.resumed;
        }
        return become("following");
      case "ready":
      case "stood-down":
        return become("following");
      case "resumed":
        worker.resumed = at;
        return become("following");
      case "killed":
      case "paused":
      case "ended":
        return become(happening.type);
      case "skipped":
        this.refusals++;
        this.skipped.set(happening.slot, happening.holder);
    }
  }
}
