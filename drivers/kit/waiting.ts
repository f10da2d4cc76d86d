/**
 * Acquisitions that wait for their grant, for every backend where we decide ourselves and can answer
 * later: memory, Durable Objects (contract rule 14).
 *
 * @module
 */

import { UnknownOutcome } from "../../errors.ts";
import type { Acquire, Outcome } from "../driver.ts";
import { onAbort } from "./aborts.ts";
import { Gate, type Queue, Queues, type Waiter } from "./queues.ts";
import { step, type Table } from "./step.ts";

/** Calls back once after `ms`; the answer cancels it. */
export type After = (ms: number, callback: () => void) => () => void;

/** How a try of the first of a queue ended: what was in the way, if anything. */
type Tried = "granted" | "seat" | "guard";

/**
 * Those who wait at one table, in the order in which they came. A change costs one look for each who is
 * granted, and one more for each seat and each guard whose change it is, however many wait.
 */
export class Waiters {
  readonly #table: Table;
  readonly #after: After;
  readonly #queues = new Queues();
  #came = 0;

  /** Nobody waits yet. */
  constructor(table: Table, after: After) {
    this.#table = table;
    this.#after = after;
  }

  /**
   * Runs an acquisition, and waits for its grant at most its patience.
   *
   * @throws {UnknownOutcome} when the signal aborts meanwhile, or has aborted; it is never granted then.
   */
  async acquire(op: Acquire, signal: AbortSignal | undefined): Promise<Outcome> {
    const { patience = 0 } = op;
    const first = patience > 0 && this.#standsBehind(op) ? undefined : step(op, this.#table);
    if (first && (first.ok || patience === 0)) return first;
    if (signal?.aborted) throw withdrawn();
    let leave = (): void => {};
    let unlisten = (): void => {};
    let cancel = (): void => {};
    try {
      return await new Promise<Outcome>((answer, reject) => {
        const waiter: Waiter = { op, came: this.#came++, answer };
        leave = () => this.#queues.leave(waiter);
        unlisten = onAbort(signal, () => {
          // At once, for its own call goes on only later.
          leave();
          reject(withdrawn());
        });
        cancel = this.#after(patience, () => this.#over(waiter));
        const queue = this.#queues.enter(waiter);
        if (first) this.#refused(queue, op, first);
      });
    } finally {
      cancel();
      unlisten();
      leave();
    }
  }

  /** A seat may have become vacant, or taken: whoever can be granted now is. */
  changed(resource: string, seat: string): void {
    for (const each of this.#queues.at(resource, seat)) {
      if (each instanceof Gate) this.#open(each, seat);
      else if (!each.gate || each.gate.shutBy.size === 0) this.#serve(each);
    }
  }

  /** Whether it can only wait, behind others who wait for the same, and need not even look. */
  #standsBehind(op: Acquire): boolean {
    const queue = this.#queues.of(op);
    if (!queue) return false;
    const [holder] = this.#table.live(op.resource, op.seat);
    // A copy of what was granted is answered at once.
    if (holder) return holder.id !== op.id;
    return queue.gate !== undefined && queue.gate.shutBy.size > 0;
  }

  /** Lets those pass who wait behind a guard, unless it is known to fail still. */
  #open(gate: Gate, seat: string): void {
    gate.shutBy.delete(seat);
    if (gate.shutBy.size > 0) return;
    for (const queue of gate.queues) if (this.#serve(queue) === "guard") return;
  }

  /** Grants as long as the first can be granted; answers what was in the way of the one that was not. */
  #serve(queue: Queue): Tried {
    let tried: Tried = "granted";
    while (tried === "granted" && queue.first) tried = this.#try(queue, queue.first);
    return tried;
  }

  #try(queue: Queue, waiter: Waiter): Tried {
    const outcome = step(waiter.op, this.#table);
    if (!outcome.ok) return this.#refused(queue, waiter.op, outcome);
    // At once, for its own call goes on only later.
    this.#queues.leave(waiter);
    waiter.answer(outcome);
    return "granted";
  }

  /** Remembers what is in the way, and looks again when the first lease of it must have ended. */
  #refused(queue: Queue, { resource, seat, guard }: Acquire, { leases }: Outcome): Tried {
    const { gate } = queue;
    const bySeat = !guard || this.#table.live(resource, seat).length > 0;
    const shut = bySeat || !gate ? queue : gate;
    shut.cancel();
    if (shut instanceof Gate) {
      shut.shutBy.clear();
      for (const lease of leases) shut.shutBy.add(lease.seat);
    }
    let [first] = leases;
    for (const lease of leases) if (first && lease.left < first.left) first = lease;
    shut.cancel = first && first.left !== Infinity
      ? this.#after(
        Math.max(1, first.left),
        this.#ended(shut, bySeat ? resource : guard.resource, first.seat),
      )
      : () => {};
    return bySeat ? "seat" : "guard";
  }

  #ended(shut: Queue | Gate, resource: string, seat: string): () => void {
    return () => {
      // What was known of the others is as old.
      if (shut instanceof Gate) shut.shutBy.clear();
      // All who wait for that seat, in the order of their coming.
      this.changed(resource, seat);
    };
  }

  /** The patience of one is over: it is answered as things are now. */
  #over(waiter: Waiter): void {
    // Whoever came before it comes first.
    this.changed(waiter.op.resource, waiter.op.seat);
    // At once: what is answered must not be granted any more.
    this.#queues.leave(waiter);
    waiter.answer(step(waiter.op, this.#table));
  }
}

/** Of the batch around it something may be done. */
function withdrawn(): UnknownOutcome {
  return new UnknownOutcome(
    "The call was aborted while it waited: this lease was not granted and will not be; what came " +
      "before it in the same batch may have been done",
  );
}
