/**
 * Acquisitions that wait for their grant, for every backend where we decide ourselves and can answer
 * later: memory, Durable Objects (contract rule 14).
 *
 * @module
 */

import { UnknownOutcome } from "../../errors.ts";
import type { Acquire, Outcome } from "../driver.ts";
import { onAbort } from "./aborts.ts";
import { step, type Table } from "./step.ts";

/** Calls back once after `ms`; the answer cancels it. */
export type After = (ms: number, callback: () => void) => () => void;

interface Waiter {
  readonly op: Acquire;
  /** Whose change may help: the seat's own resource, and the guard's. */
  readonly resources: ReadonlySet<string>;
  readonly answer: (outcome: Outcome) => void;
}

/** Those who wait at one table, in the order in which they came. */
export class Waiters {
  readonly #table: Table;
  readonly #after: After;
  /** By each of their resources. */
  readonly #waiting = new Map<string, Set<Waiter>>();

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
    const { patience = 0, resource, guard } = op;
    const first = step(op, this.#table);
    if (first.ok || patience === 0) return first;
    if (signal?.aborted) throw withdrawn();
    let cancel = (): void => {};
    let unlisten = (): void => {};
    let leave = (): void => {};
    const resources = new Set([resource, guard?.resource ?? resource]);
    try {
      return await new Promise<Outcome>((answer, reject) => {
        leave = this.#enter({ op, resources, answer });
        unlisten = onAbort(signal, () => reject(withdrawn()));
        cancel = this.#untilOver(op, patience, first, answer);
      });
    } finally {
      cancel();
      unlisten();
      leave();
    }
  }

  /** Something of that resource may have become vacant: whoever can be granted now is. */
  changed(resource: string): void {
    for (const waiter of [...this.#waiting.get(resource) ?? []]) {
      const outcome = step(waiter.op, this.#table);
      if (!outcome.ok) continue;
      // At once, for its own call goes on only later.
      this.#remove(waiter);
      waiter.answer(outcome);
    }
  }

  #enter(waiter: Waiter): () => void {
    for (const each of waiter.resources) {
      const others = this.#waiting.get(each);
      if (others) others.add(waiter);
      else this.#waiting.set(each, new Set([waiter]));
    }
    return () => this.#remove(waiter);
  }

  #remove(waiter: Waiter): void {
    for (const each of waiter.resources) {
      const others = this.#waiting.get(each);
      others?.delete(waiter);
      if (others?.size === 0) this.#waiting.delete(each);
    }
  }

  /** Looks again whenever a lease in the way must have ended, and answers when the patience is over. */
  #untilOver(
    op: Acquire,
    patience: number,
    refused: Outcome,
    answer: (outcome: Outcome) => void,
  ): () => void {
    let cancelled = false;
    const lefts = refused.leases.map(({ left }) => left);
    const pause = Math.max(1, Math.min(patience, ...lefts));
    let cancel = this.#after(pause, () => {
      // In the order of their coming, and not the one whose timer fires first.
      this.changed(op.resource);
      if (cancelled) return;
      const outcome = step(op, this.#table);
      const left = patience - pause;
      if (outcome.ok || left <= 0) answer(outcome);
      else cancel = this.#untilOver(op, left, outcome, answer);
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }
}

/** Of the batch around it something may be done. */
function withdrawn(): UnknownOutcome {
  return new UnknownOutcome(
    "The call was aborted while it waited: this lease was not granted and will not be; what came " +
      "before it in the same batch may have been done",
  );
}
