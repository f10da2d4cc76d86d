/**
 * Operations as transactions of etcd, and their answers as outcomes. A batch is one transaction, in
 * which each operation is a transaction of its own.
 *
 * etcd makes all comparisons before it runs anything. So an operation whose comparisons depend on
 * what an operation before it writes needs another request.
 *
 * @module
 */

import type { Acquire, Guard, Lease, List, Op, Outcome, Release, Renew } from "../driver.ts";
import { bySeat } from "../kit/order.ts";
import { type Listed, page, placeIn } from "../kit/step.ts";
import type { Json } from "./gateway.ts";
import { decoded, encoded, Keys, type KeyValue, only, type Span, under } from "./keys.ts";

/** What etcd answered to one transaction within another. */
export interface Done {
  readonly succeeded: boolean;
  /** What each of its ranges found, in order. */
  readonly found: readonly (readonly KeyValue[])[];
  /** etcd's revision. */
  readonly revision: number;
  /** What is added to a revision to make a token of it. */
  readonly epoch: number;
}

/** An operation in the form of the gateway. */
export interface Step {
  readonly request: Json;
  /** Makes the outcome of what etcd did. */
  outcome(done: Done): Outcome;
}

/** Nobody is there. */
export function isVacant(span: Span): Json {
  return { target: "CREATE", result: "EQUAL", create_revision: "0", ...span };
}

/** Somebody is there. */
export function isHeld(span: Span): Json {
  return { target: "CREATE", result: "GREATER", create_revision: "0", ...span };
}

export function range(span: Span, more: Json = {}): Json {
  return { request_range: { ...span, ...more } };
}

export function put(span: Span, value: string): Json {
  return { request_put: { ...span, value: encoded(value) } };
}

export function drop(span: Span): Json {
  return { request_delete_range: span };
}

/** Operations of one handle. */
export class Steps {
  readonly #keys: Keys;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** The operation in the form of the gateway. What is acquired or renewed is attached to the term. */
  of(op: Op, term: string | undefined): Step {
    switch (op.op) {
      case "acquire":
        return this.acquire(op, term);
      case "renew":
        return this.#renew(op, term);
      case "release":
        return this.#release(op);
      case "inspect":
        return {
          request: range(this.seats(op)),
          outcome: ({ found: [there], epoch }) => ({
            ok: true,
            leases: this.#leases(there, epoch),
          }),
        };
      case "list":
        return this.#list(op);
    }
  }

  /** An acquisition, under further conditions and with more to do when it is granted or refused. */
  acquire(
    op: Acquire,
    term: string | undefined,
    more: Partial<Record<"compare" | "success" | "failure", Json[]>> = {},
  ): Step {
    const { resource, seat, id, ttl, value } = op;
    const there = this.seats(op);
    const put = {
      ...only(this.#keys.lease(resource, seat, id)),
      value: encoded(`${ttl} ${value}`),
      ...term !== undefined && { lease: term },
    };
    return {
      request: txn(
        [isVacant(there), ...this.#guards(op.guard), ...more.compare ?? []],
        [{ request_put: put }, ...more.success ?? []],
        [...this.#reasons(op), ...more.failure ?? []],
      ),
      outcome: ({ succeeded, found: [holders, guards], revision, epoch }) => {
        if (succeeded) {
          return {
            ok: true,
            leases: [{ seat, id, token: tokenOf(epoch, revision), value, left: ttl }],
          };
        }
        const [holder] = this.#leases(holders, epoch);
        if (holder) return { ok: holder.id === id, leases: [holder] };
        return { ok: false, leases: this.#leases(guards, epoch) };
      },
    };
  }

  /** Where the leases of a seat are, or those of all seats of a resource. */
  seats(place: { resource: string; seat?: string | undefined }): Span {
    return under(this.#keys.seats(place));
  }

  #renew({ resource, seat, id, ttl, value }: Renew, term: string | undefined): Step {
    const key = only(this.#keys.lease(resource, seat, id));
    const put = {
      ...key,
      ...value === undefined ? { ignore_value: true } : { value: encoded(`${ttl} ${value}`) },
      ...term !== undefined && { lease: term },
    };
    return {
      request: txn([isHeld(key)], [{ request_put: put }]),
      outcome: ({ succeeded }) => ({ ok: succeeded, leases: [] }),
    };
  }

  #release(op: Release): Step {
    const { resource, seat, id } = op;
    const key = id === undefined ? this.seats(op) : only(this.#keys.lease(resource, seat, id));
    return {
      request: txn([isHeld(key), ...this.#guards(op.guard)], [drop(key)], this.#reasons(op)),
      outcome: ({ succeeded, found: [holders, guards], epoch }) => {
        if (succeeded) return { ok: true, leases: [] };
        const [holder] = this.#leases(holders, epoch);
        const failed = holder && (id === undefined || holder.id === id);
        return {
          ok: false,
          leases: failed ? this.#leases(guards, epoch) : this.#leases(holders, epoch),
        };
      },
    };
  }

  #list({ prefix, after, limit }: List): Step {
    const from = after === undefined ? undefined : placeIn(after, prefix);
    const first = this.#keys.resources(prefix);
    // Behind the seat itself: all names of its lease begin with its own.
    const next = from && `${this.#keys.seats(from).slice(0, -1)}\x01`;
    return {
      request: range(under(first, next), { limit: `${limit}` }),
      outcome: ({ found: [there = []], epoch }) =>
        page(there.map((each) => this.#lease(each, epoch)), limit),
    };
  }

  /** The comparisons of a guard. */
  #guards(guard: Guard | undefined): Json[] {
    if (!guard) return [];
    const span = this.seats(guard);
    return [guard.when === "held" ? isHeld(span) : isVacant(span)];
  }

  /** Reads who has the seat, and who makes the guard fail. */
  #reasons(op: Acquire | Release): Json[] {
    const places = op.guard ? [op, op.guard] : [op];
    return places.map((place) => range(this.seats(place)));
  }

  #leases(there: readonly KeyValue[] = [], epoch: number): Lease[] {
    return there.map((each) => {
      const { resource: _, ...lease } = this.#lease(each, epoch);
      return lease;
    }).sort(bySeat);
  }

  #lease({ key, value, create_revision }: KeyValue, epoch: number): Listed {
    const [resource = "", seat = "", id = ""] = this.#keys.parts(decoded(key));
    const [, ttl, text = ""] = /^(\S+) ([^]*)$/.exec(decoded(value)) ?? [];
    const token = tokenOf(epoch, Number(create_revision));
    return { resource, seat, id, token, value: text, left: Number(ttl) };
  }
}

/** A transaction within a transaction. */
export function txn(compare: Json[], success: Json[], failure: Json[] = []): Json {
  return { request_txn: { compare, success, failure } };
}

function tokenOf(epoch: number, revision: number): number {
  const token = epoch + revision;
  if (!Number.isSafeInteger(token)) throw new TypeError("not a revision of etcd's");
  return token;
}
