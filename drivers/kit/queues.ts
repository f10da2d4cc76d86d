/**
 * Who waits for which seat behind which guard, so that a change concerns only those whom it may help.
 *
 * @module
 */

import type { Acquire, Guard, Outcome } from "../driver.ts";
import { placeKey } from "./order.ts";

/** Somebody who waits. */
export interface Waiter {
  /** What is wanted. */
  readonly op: Acquire;
  /** When it came, among all. */
  readonly came: number;
  /** Ends the wait. */
  readonly answer: (outcome: Outcome) => void;
}

/** Those who want the same seat behind the same guard: if the first cannot have it, nobody can. */
export class Queue {
  /** In the order in which they came. */
  readonly waiters = new Set<Waiter>();
  /** What they wait behind. */
  readonly gate: Gate | undefined;
  /** Cancels the look at the end of the lease that has the seat. */
  cancel = (): void => {};

  /** Nobody is in it yet. */
  constructor(gate: Gate | undefined) {
    this.gate = gate;
  }

  /** Who is the next. */
  get first(): Waiter | undefined {
    const [first] = this.waiters;
    return first;
  }
}

/** A guard, and all who wait behind it: if it fails for one, it fails for all. */
export class Gate {
  /** The guard. */
  readonly guard: Guard;
  /** Who waits behind it, by seat. */
  readonly queues = new Set<Queue>();
  /** Seats whose leases shut it, as far as is known: while one of them lives nobody need look. */
  readonly shutBy = new Set<string>();
  /** Cancels the look at the end of the first of these leases. */
  cancel = (): void => {};

  /** Nobody waits behind it yet. */
  constructor(guard: Guard) {
    this.guard = guard;
  }

  /** The first who waits behind it. */
  get first(): Waiter | undefined {
    const [queue] = this.queues;
    return queue?.first;
  }
}

/** All queues and gates, by the places whose change may help them. */
export class Queues {
  readonly #queues = new Map<string, Queue>();
  readonly #bySeat = new Map<string, Set<Queue>>();
  readonly #gates = new Map<string, Gate>();
  readonly #byGuarded = new Map<string, Set<Gate>>();

  /** The queue that this operation would wait in, if anybody waits in it. */
  of(op: Acquire): Queue | undefined {
    return this.#queues.get(queueKey(op));
  }

  /** Enters a queue, which is made where there is none. */
  enter(waiter: Waiter): Queue {
    const { op } = waiter;
    let queue = this.of(op);
    if (!queue) {
      queue = new Queue(op.guard && this.#gate(op.guard));
      queue.gate?.queues.add(queue);
      this.#queues.set(queueKey(op), queue);
      add(this.#bySeat, placeKey(op), queue);
    }
    queue.waiters.add(waiter);
    return queue;
  }

  /** Leaves its queue; of one that is empty nothing is left. */
  leave(waiter: Waiter): void {
    const { op } = waiter;
    const queue = this.of(op);
    if (!queue?.waiters.delete(waiter) || queue.waiters.size > 0) return;
    queue.cancel();
    this.#queues.delete(queueKey(op));
    remove(this.#bySeat, placeKey(op), queue);
    const { gate } = queue;
    gate?.queues.delete(queue);
    if (!gate || gate.queues.size > 0) return;
    gate.cancel();
    this.#gates.delete(JSON.stringify(gate.guard));
    remove(this.#byGuarded, placeKey(gate.guard), gate);
  }

  /** Who may be helped by a change of this seat, in the order in which the first of each came. */
  at(resource: string, seat: string): (Queue | Gate)[] {
    const found = [
      ...this.#bySeat.get(placeKey({ resource, seat })) ?? [],
      ...this.#byGuarded.get(placeKey({ resource, seat })) ?? [],
      ...this.#byGuarded.get(placeKey({ resource })) ?? [],
    ];
    return found.sort((one, two) => (one.first?.came ?? 0) - (two.first?.came ?? 0));
  }

  #gate(guard: Guard): Gate {
    const key = JSON.stringify(guard);
    let gate = this.#gates.get(key);
    if (!gate) {
      this.#gates.set(key, gate = new Gate(guard));
      add(this.#byGuarded, placeKey(guard), gate);
    }
    return gate;
  }
}

function queueKey({ resource, seat, guard }: Acquire): string {
  return JSON.stringify([resource, seat, guard]);
}

function add<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

function remove<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
