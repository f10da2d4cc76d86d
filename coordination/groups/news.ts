/**
 * What happened to this member since its last tick.
 *
 * @module
 */

import type { CoordinatorEvent } from "../events.ts";
import type { GroupEvent } from "./group_events.ts";

/** How many are kept, because there may never be a tick that takes them. */
const MOST = 1_000;

/** What the next tick reports. */
export class News {
  readonly #memberId: string;
  readonly #noted: GroupEvent[] = [];

  /** Makes an empty list of news for the member of that id. */
  constructor(memberId: string) {
    this.#memberId = memberId;
  }

  /** Notes an event for the next tick. */
  note(event: GroupEvent): void {
    this.#noted.push(event);
    if (this.#noted.length > MOST) this.#noted.shift();
  }

  /** Notes that leadership was lost, when the session reports it. */
  hear(event: CoordinatorEvent): void {
    if (event.type !== "leadership-lost") return;
    const { type, group, term } = event;
    this.note({ type, group, memberId: this.#memberId, term });
  }

  /** Takes the noted events, of one type or all. */
  take(type?: GroupEvent["type"]): GroupEvent[] {
    const noted = this.#noted.splice(0);
    const taken = noted.filter((event) => type === undefined || event.type === type);
    this.#noted.push(...noted.filter((event) => !taken.includes(event)));
    return taken;
  }
}
