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
import { checkOptions } from "./kit/options.ts";
import type { Driver, Guarantees, Lease, Outcome } from "./driver.ts";
import { type Listed, type Place, step, type Table } from "./kit/step.ts";
import { type After, Waiters } from "./kit/waiting.ts";

/** How the memory driver is made. */
export interface MemoryOptions {
  /**
   * The clock that decides life, in milliseconds since the epoch. By default the process's
   * monotonic clock, so that setting the system's clock neither ends nor prolongs a lease.
   */
  now?: (() => number) | undefined;
  /**
   * The timer by which those wait who have patience: it calls back once after so many ms, and the
   * answer cancels it. Default: the process's, if `now` is its clock too. On Cloudflare Workers, where
   * one request cannot answer another, and beside a clock without a timer, nobody waits: `push` is
   * `false` then.
   */
  after?: After | undefined;
  /**
   * Whether to behave as a server does, for tests: what a server's clock makes too short is refused, such
   * as a ttl under 1,021 ms, and nobody is woken (`push` is `false`), so waiters look again as they do on
   * a server. Its guarantees then say `clock: "server"`, though it still coordinates nothing beyond this
   * process. Default: false; `memory()` of `@baton/baton/testing` is strict by default.
   */
  strict?: boolean | undefined;
}

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
  checkOptions(options, "now after strict?");
  const { now, strict, after = now ? undefined : timer() } = options;
  const table = new MemoryTable(now ?? (() => performance.timeOrigin + performance.now()));
  const waiters = after && !strict ? new Waiters(table, after) : undefined;
  const guarantees: Guarantees = {
    consistency: "linearizable",
    clock: strict ? "server" : "process",
    durability: "process",
    push: waiters !== undefined,
    minTtl: 1,
  };
  return {
    name: "memory",
    guarantees,
    async apply(ops, { signal, beforeRequest } = {}) {
      checkOps(ops, guarantees.minTtl);
      signal?.throwIfAborted();
      if (ops.length > 0) beforeRequest?.();
      const outcomes: Outcome[] = [];
      for (const op of ops) {
        const waits = op.op === "acquire" && op.patience && waiters;
        const outcome = waits ? await waiters.acquire(op, signal) : step(op, table);
        if (outcome.ok && op.op === "release") waiters?.changed(op.resource, op.seat);
        if (outcome.ok && op.op === "acquire" && !waits) waiters?.taken(op.resource, op.seat);
        outcomes.push(outcome);
      }
      return outcomes;
    },
  };
}

/** The process's timer; `undefined` where a timer of one request cannot answer another. */
function timer(): After | undefined {
  if (globalThis.navigator?.userAgent === "Cloudflare-Workers") return undefined;
  return (ms, callback) => {
    const set = setTimeout(callback, ms);
    return () => clearTimeout(set);
  };
}

interface Row {
  readonly resource: string;
  readonly lease: Lease;
  readonly expires: number;
}

class MemoryTable implements Table {
  readonly #resources = new Map<string, Map<string, Row>>();
  readonly #now: () => number;
  /** Goes round all rows, again and again. */
  readonly #round = this.#rows();
  /** One counter for all seats; it outlives every row. */
  #lastToken = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  live(resource: string, seat?: string): Lease[] {
    const seats = this.#resources.get(resource);
    const leases: Lease[] = [];
    if (!seats) return leases;
    for (const at of seat === undefined ? [...seats.keys()].sort() : [seat]) {
      const row = seats.get(at);
      if (!row) continue;
      const left = row.expires - this.#now();
      if (left > 0) leases.push({ ...row.lease, left });
      else this.drop(resource, at);
    }
    return leases;
  }

  put(resource: string, lease: Lease): void {
    const now = this.#now();
    this.#sweep(now);
    let seats = this.#resources.get(resource);
    if (!seats) this.#resources.set(resource, seats = new Map());
    // A copy: what is done to an answer changes nothing here, as it would on no server.
    seats.set(lease.seat, { resource, lease: { ...lease }, expires: now + lease.left });
  }

  /**
   * Looks at a few rows for those that nobody looks at again, such as old cron slots or a name that was
   * used once. Each write does so, and adds one at most, so a round is over before there are half as
   * many rows more.
   */
  #sweep(now: number): void {
    for (let looks = 0; looks < 3; looks++) {
      const row = this.#round.next().value;
      if (!row) return;
      if (row.expires <= now) this.drop(row.resource, row.lease.seat);
    }
  }

  /** Every row; a map's iterator bears changes. `undefined` after each round. */
  *#rows(): Generator<Row | undefined, never> {
    for (;;) {
      for (const [resource, seats] of this.#resources) {
        for (const row of seats.values()) yield row;
        if (seats.size === 0) this.#resources.delete(resource);
      }
      yield undefined;
    }
  }

  drop(resource: string, seat: string): void {
    // The resource stays until the round comes to it: a large map in which the same name comes and goes has
    // all of its comings to look through, until it grows or shrinks.
    this.#resources.get(resource)?.delete(seat);
  }

  scan(prefix: string, after: Place | undefined, limit: number): Listed[] {
    const found: Listed[] = [];
    const from = after?.resource ?? "";
    const wanted = [...this.#resources.keys()].filter((resource) =>
      resource.startsWith(prefix) && resource >= from
    );
    for (const resource of wanted.sort()) {
      for (const lease of this.live(resource)) {
        if (resource === after?.resource && lease.seat <= after.seat) continue;
        if (found.push({ resource, ...lease }) === limit) return found;
      }
    }
    return found;
  }

  nextToken(): number {
    return this.#lastToken = Math.max(this.#lastToken + 1, Math.floor(this.#now()));
  }
}
