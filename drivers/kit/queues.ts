/**
 * Who waits for which seat behind which guard, so that a change wakes only those that it may help.
 *
 * @module
 */

import type { Acquire, Guard, Outcome } from "../driver.ts";
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

/** Those that want the same seat behind the same guard. If the first cannot have it, nobody can. */
export class Queue {
  /** In the order in which they came. */
  readonly waiters = new Set<Waiter>();
  /** The gate of their guard, if they have one. */
  readonly gate: Gate | undefined;
  /** Cancels the timer for the end of the lease that has the seat. */
  cancel = (): void => {};

  /** Makes an empty queue. */
  constructor(gate: Gate | undefined) {
    this.gate = gate;
  }

  /** The waiter whose turn is next. */
  get first(): Waiter | undefined {
    const [first] = this.waiters;
    return first;
  }
}

/** A guard, and all that wait behind it. If it fails for one, it fails for all. */
export class Gate {
  /** The guard. */
  readonly guard: Guard;
  /** The queues behind it, one for each seat. */
  readonly queues = new Set<Queue>();
  /**
   * The seats whose leases are known to make the guard fail. While one of them lives, nobody needs
   * to look.
   */
  readonly shutBy = new Set<string>();
  /** Cancels the timer for the end of the first of these leases. */
  cancel = (): void => {};

  /** Makes a gate that nobody waits behind. */
  constructor(guard: Guard) {
    this.guard = guard;
  }

  /** The first waiter behind it. */
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

  /** The queue that this operation would wait in; `undefined` if nobody waits in it. */
  of(op: Acquire): Queue | undefined {
    return this.#queues.get(queueKey(op));
  }

  /** Enters its queue, which is made if it is missing. */
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

  /** Leaves its queue. An empty queue is removed. */
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

  /**
   * The queues and gates that a change of this seat may help, in the order in which their first
   * waiters came.
   */
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
