/**
 * Acquisitions that wait for their grant, for every backend where we decide ourselves and can answer
 * later: memory, Durable Objects (contract rule 14).
 *
 * @module
 */

import type { Acquire, Outcome } from "../driver.ts";
import { onAbort } from "./aborts.ts";
import { withdrawn } from "./failure.ts";
import { Gate, type Line, Queue, Queues } from "./queues.ts";
import { step, type Table } from "./step.ts";

/** Calls back once after `ms`; the answer cancels it. */
export type After = (ms: number, callback: () => void) => () => void;

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
   * Runs an acquisition, and waits for its grant at most its patience. Those whom its grant helps are
   * granted with it.
   *
   * @throws {UnknownOutcome} when the signal aborts meanwhile, or has aborted; it is never granted then.
   */
  acquire(op: Acquire, signal: AbortSignal | undefined): Outcome | Promise<Outcome> {
    const { patience = 0 } = op;
    const first = patience > 0 && this.#standsBehind(op) ? undefined : this.#try(op);
    if (first && (first.ok || patience === 0)) return first;
    if (signal?.aborted) throw withdrawn();
    return new Promise((resolve, reject) => {
      // At once, for the call that waits goes on only later.
      const end = (): void => {
        cancel();
        unlisten();
        this.#queues.leave(waiter);
      };
      const answer = (outcome: Outcome): void => {
        end();
        resolve(outcome);
      };
      const waiter = { op, came: this.#came++, answer };
      const unlisten = onAbort(signal, () => {
        end();
        reject(withdrawn());
      });
      const cancel = this.#after(patience, () => {
        // Those who came before it come first.
        this.changed(op.resource, op.seat);
        answer(this.#try(op));
      });
      const queue = this.#queues.enter(waiter);
      if (first) this.#refused(queue, op, first);
    });
  }

  /** Runs an acquisition, which may be what guards wait for. */
  #try(op: Acquire): Outcome {
    const outcome = step(op, this.#table);
    if (outcome.ok) this.taken(op.resource, op.seat);
    return outcome;
  }

  /** A seat was taken: all who can be granted now are, which are those whose guard wanted that. */
  taken(resource: string, seat: string): void {
    for (const line of this.#queues.at(resource, seat)) {
      if (line instanceof Gate) this.#open(line, seat);
    }
  }

  /** A seat may have become vacant: all who can be granted now are. */
  changed(resource: string, seat: string): void {
    for (const line of this.#queues.at(resource, seat)) {
      if (line instanceof Gate) this.#open(line, seat);
      else if (line instanceof Queue && !isShut(line.gate)) this.#serve(line);
    }
  }

  /** Whether it can only wait, behind others who wait for the same, and need not even look. */
  #standsBehind(op: Acquire): boolean {
    const queue = this.#queues.of(op);
    if (!queue) return false;
    const [holder] = this.#table.live(op.resource, op.seat);
    // A copy of what was granted is answered at once.
    return holder ? holder.id !== op.id : isShut(queue.gate);
  }

  /** Lets those pass who wait behind a guard, unless it is known to fail still. */
  #open(gate: Gate, seat: string): void {
    gate.shutBy.delete(seat);
    if (isShut(gate)) return;
    for (const queue of gate.queues) if (this.#serve(queue) === gate) return;
  }

  /** Grants as long as the first can be granted; answers what was in the way of the one that was not. */
  #serve(queue: Queue): Line | undefined {
    for (;;) {
      const { first } = queue.waiters;
      if (!first) return undefined;
      const outcome = step(first.op, this.#table);
      if (!outcome.ok) return this.#refused(queue, first.op, outcome);
      // It leaves the queue.
      first.answer(outcome);
      this.taken(first.op.resource, first.op.seat);
    }
  }

  /** Remembers what is in the way, and looks again when the first lease of it must have ended. */
  #refused(queue: Queue, { resource, seat }: Acquire, { leases }: Outcome): Line {
    const { gate } = queue;
    const line = gate && this.#table.live(resource, seat).length === 0 ? gate : queue;
    line.cancel();
    line.shutBy.clear();
    let [first] = leases;
    for (const lease of leases) {
      line.shutBy.add(lease.seat);
      if (first && lease.left < first.left) first = lease;
    }
    line.cancel = first && first.left < Infinity
      ? this.#after(Math.max(1, first.left), this.#ended(line, first.seat))
      : () => {};
    return line;
  }

  #ended(line: Line, seat: string): () => void {
    return () => {
      // What was known of the others is as old.
      line.shutBy.clear();
      // All who wait for that seat, in the order of their coming.
      this.changed(line.resource, seat);
    };
  }
}

function isShut(gate: Gate | undefined): boolean {
  return gate !== undefined && gate.shutBy.size > 0;
}
