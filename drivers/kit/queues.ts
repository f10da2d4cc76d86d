/**
 * Who waits for which seat behind which guard, so that a change wakes only those that it may help.
 *
 * @module
 */

import type { Acquire, Outcome } from "../driver.ts";
import { placeKey } from "./order.ts";

/** An acquisition that waits. */
export interface Waiter {
  /** The acquisition. */
  readonly op: Acquire;
  /** Its place in the order of all that came. */
  readonly came: number;
  /** Ends the wait. */
  readonly answer: (outcome: Outcome) => void;
}

/**
 * Things in the order in which they came. A set of its own also looks at the places of those that have
 * left, to find its first: in a long queue there are as many as wait.
 */
export class InOrder<T> extends Set<T> {
  #rest: SetIterator<T> | undefined;
  #first: T | undefined;

  /** The first that is still there. */
  get first(): T | undefined {
    while (this.#first === undefined || !this.has(this.#first)) {
      const next = (this.#rest ??= this.values()).next();
      this.#first = next.value;
      if (next.done) return this.#rest = undefined;
    }
    return this.#first;
  }

  override delete(one: T): boolean {
    // It may come again, as the last.
    if (one === this.#first) this.#first = undefined;
    return super.delete(one);
  }
}

/** A seat or a guard that somebody waits for, and what is in the way. */
export abstract class Line {
  /** The resource whose change may help. */
  readonly resource: string;
  /** Seats whose leases are in the way, as far as is known. */
  readonly shutBy = new Set<string>();
  /** Cancels the look at the end of the first of these leases. */
  cancel = (): void => {};
  /** Forgets the line. */
  end = (): void => {};

  /** Nobody waits in it yet. */
  constructor(resource: string) {
    this.resource = resource;
  }

  /** When the first who waits in it came. */
  abstract get came(): number;
}

/** Those who want the same seat behind the same guard: if the first cannot have it, nobody can. */
export class Queue extends Line {
  /** In the order in which they came. */
  readonly waiters = new InOrder<Waiter>();
  /** The gate of their guard, if they have one. */
  readonly gate: Gate | undefined;

  /** Nobody is in it yet. */
  constructor({ resource }: Acquire, gate: Gate | undefined) {
    super(resource);
    this.gate = gate;
    gate?.queues.add(this);
  }

  override get came(): number {
    return this.waiters.first?.came ?? 0;
  }
}

/**
 * A guard, and all who wait behind it: if it fails for one, it fails for all. While one of the leases
 * that shut it lives nobody need look.
 */
export class Gate extends Line {
  /** Who waits behind it, by seat. */
  readonly queues = new InOrder<Queue>();

  override get came(): number {
    return this.queues.first?.came ?? 0;
  }
}

/** All queues and gates, by the places whose change may help them. */
export class Queues {
  readonly #lines = new Map<string, Line>();
  readonly #byPlace = new Map<string, Set<Line>>();

  /** The queue that this operation would wait in; `undefined` if nobody waits in it. */
  of(op: Acquire): Queue | undefined {
    return this.#lines.get(queueKey(op)) as Queue | undefined;
  }

  /** Enters its queue, which is made if it is missing. */
  enter(waiter: Waiter): Queue {
    const { op } = waiter;
    const { guard } = op;
    const queue = this.#line(queueKey(op), op, () => {
      const gate = guard &&
        this.#line(JSON.stringify(guard), guard, () => new Gate(guard.resource));
      return new Queue(op, gate);
    });
    queue.waiters.add(waiter);
    return queue;
  }

  /** Leaves its queue. An empty queue is removed. */
  leave(waiter: Waiter): void {
    const queue = this.of(waiter.op);
    if (!queue?.waiters.delete(waiter) || queue.waiters.size > 0) return;
    queue.end();
    const { gate } = queue;
    gate?.queues.delete(queue);
    if (gate?.queues.size === 0) gate.end();
  }

  /** Who may be helped by a change of this seat, in the order in which the first of each came. */
  at(resource: string, seat: string): Line[] {
    if (this.#byPlace.size === 0) return [];
    const places = [{ resource, seat }, { resource }];
    return places.flatMap((place) => [...this.#byPlace.get(placeKey(place)) ?? []])
      .sort((one, two) => one.came - two.came);
  }

  /** The line of that key, which is made where there is none. */
  #line<T extends Line>(
    key: string,
    place: { resource: string; seat?: string | undefined },
    make: () => T,
  ): T {
    const known = this.#lines.get(key);
    if (known) return known as T;
    const line = make();
    const at = placeKey(place);
    const there = this.#byPlace.get(at) ?? new Set();
    this.#lines.set(key, line);
    this.#byPlace.set(at, there.add(line));
    line.end = () => {
      line.cancel();
      this.#lines.delete(key);
      there.delete(line);
      if (there.size === 0) this.#byPlace.delete(at);
    };
    return line;
  }
}

function queueKey({ resource, seat, guard }: Acquire): string {
  return JSON.stringify([resource, seat, guard]);
}
