/**
 * Leases in this process's memory: for tests, for one process, and as the executable specification
 * that every other driver is compared with.
 *
 * It does **not** coordinate between processes, isolates or machines, and everything is gone with
 * the process.
 *
 * @module
 */

import { checkOps } from "./kit/check.ts";
import type { Driver, Guarantees, Lease } from "./driver.ts";
import { step, type Table } from "./kit/step.ts";

/** How the memory driver is made. */
export interface MemoryOptions {
  /**
   * The clock that decides life, in milliseconds since the epoch. By default the process's
   * monotonic clock, so that setting the system's clock neither ends nor prolongs a lease.
   */
  now?: () => number;
}

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "process",
  durability: "process",
  push: false,
  minTtl: 1,
};

/**
 * Makes an empty backend; all that share it share its leases.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { memory } from "@baton/baton/drivers/memory";
 *
 * const backend = memory();
 * const one = new Coordinator(backend, { memberId: "one" });
 * const two = new Coordinator(backend, { memberId: "two" });
 * ```
 */
export function memory(options: MemoryOptions = {}): Driver {
  const table = new MemoryTable(
    options.now ?? (() => performance.timeOrigin + performance.now()),
  );
  return {
    name: "memory",
    guarantees: GUARANTEES,
    // deno-lint-ignore require-await -- errors are rejections, never thrown by the call itself
    async apply(ops, { signal } = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      signal?.throwIfAborted();
      return ops.map((op) => step(op, table));
    },
  };
}

type Row = Omit<Lease, "seat" | "left"> & { readonly expires: number };

class MemoryTable implements Table {
  readonly #resources = new Map<string, Map<string, Row>>();
  readonly #now: () => number;
  /** One counter for all seats; it outlives every row. */
  #lastToken = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  live(resource: string, seat?: string): Lease[] {
    const seats = this.#resources.get(resource);
    if (!seats) return [];
    const leases: Lease[] = [];
    for (const at of seat === undefined ? [...seats.keys()].sort() : [seat]) {
      const row = seats.get(at);
      if (!row) continue;
      const { expires, ...rest } = row;
      const left = expires - this.#now();
      if (left > 0) leases.push({ seat: at, ...rest, left });
      else this.drop(resource, at);
    }
    return leases;
  }

  put(resource: string, { seat, left, ...rest }: Lease): void {
    // Rows nobody looks at again, such as old cron slots, go each time a resource has grown by 64.
    if ((this.#resources.get(resource)?.size ?? 0) % 64 === 63) this.live(resource);
    let seats = this.#resources.get(resource);
    if (!seats) this.#resources.set(resource, seats = new Map());
    seats.set(seat, { ...rest, expires: this.#now() + left });
  }

  drop(resource: string, seat: string): void {
    const seats = this.#resources.get(resource);
    seats?.delete(seat);
    if (seats?.size === 0) this.#resources.delete(resource);
  }

  nextToken(): number {
    return this.#lastToken = Math.max(this.#lastToken + 1, Math.floor(this.#now()));
  }
}
