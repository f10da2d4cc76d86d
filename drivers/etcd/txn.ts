/**
 * Operations as transactions of etcd, and what etcd did as outcomes. A batch is one transaction, in
 * which each operation is a transaction of its own.
 *
 * @module
 */

import type {
  Acquire,
  Guard,
  Inspect,
  Lease,
  List,
  Op,
  Outcome,
  Release,
  Renew,
} from "../driver.ts";
import { decoded, encoded } from "../kit/base64.ts";
import { bySeat } from "../kit/order.ts";
import { lastPage, type Listed, page, placeIn } from "../kit/step.ts";
import { noAnswer } from "./errors.ts";
import type { Json } from "./gateway.ts";
import { type Keys, type KeyValue, only, type Span, under } from "./keys.ts";
import { slicesOf } from "../kit/slices.ts";
import { GROUP } from "./parts.ts";

/** What etcd did of one operation. */
export interface Done {
  /** Whether its comparisons held. */
  readonly succeeded: boolean;
  /** What each of its ranges found, in order. */
  readonly found: readonly (readonly KeyValue[])[];
  /** How many keys its first range counted. */
  readonly count: number;
  /** etcd's revision. */
  readonly revision: number;
  /** What is added to a revision to make a token of it. */
  readonly epoch: number;
}

/** Somebody is there. */
export function isHeld(span: Span): Json {
  return { target: "CREATE", result: "GREATER", create_revision: "0", ...span };
}

function isVacant(span: Span): Json {
  return { ...isHeld(span), result: "EQUAL" };
}

/** Reads what is there. */
export function range(span: Span): Json {
  return { request_range: span };
}

/** Writes a value, which ends with the term. */
export function put(span: Span, value: string, term?: string): Json {
  return { request_put: { ...span, value: encoded(value), ...attached(term) } };
}

function attached(term: string | undefined): Json {
  return term === undefined ? {} : { lease: term };
}

function drop(span: Span): Json {
  return { request_delete_range: span };
}

function txn(compare: readonly Json[], success: readonly Json[], failure: readonly Json[]): Json {
  return { request_txn: { compare, success, failure } };
}

/** Any number of operations as few: etcd limits those of a transaction, with all that are around it. */
export function groups(steps: readonly Json[]): Json[] {
  return slicesOf(steps, GROUP).map((some) => txn([], some, []));
}

/** A guard as the value of one that waits: if the first of those with the same cannot pass, none can. */
export function guardText(guard: Guard | undefined): string {
  return guard ? JSON.stringify(guard) : "none";
}

/** Operations in the form of the gateway, and their outcomes. */
export class Steps {
  readonly #keys: Keys;

  /** What is named so. */
  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** An acquisition, under further conditions and with more to do when it is granted or refused. */
  acquire(
    op: Acquire,
    term: string | undefined,
    compare: readonly Json[] = [],
    success: readonly Json[] = [],
    failure: readonly Json[] = [],
  ): Json {
    return txn(
      [isVacant(this.seats(op)), ...this.#guards(op.guard), ...compare],
      [put(this.#lease(op), `${op.ttl} ${op.value}`, term), ...success],
      [...this.#reasons(op), ...failure],
    );
  }

  /**
   * An acquisition that goes to the end of the queue if it is refused, or if anybody waits. What it
   * finds last is the queue. Its place in it ends with the second term.
   */
  queue(
    op: Acquire,
    term: string | undefined,
    place: string | undefined,
    compare: readonly Json[] = [],
  ): Json {
    const mine = put(this.#waiter(op), guardText(op.guard), place);
    return this.acquire(op, term, [isVacant(this.line(op)), ...compare], [], [
      // A copy of what was granted does not wait.
      txn([isVacant(this.#lease(op))], [mine], []),
      range(this.line(op)),
    ]);
  }

  /** As {@link Steps.queue}, but it is not granted at once, even if nobody is in the way. */
  lineUp(op: Acquire, place: string | undefined): Json {
    // Never true: nothing is done without an epoch.
    return this.queue(op, undefined, place, [isVacant(only(this.#keys.epoch))]);
  }

  /** The acquisition of one that waits, for as long as it does. What it finds last is the queue. */
  next(op: Acquire, term: string | undefined): Json {
    const mine = this.#waiter(op);
    return this.acquire(op, term, [isHeld(mine)], [drop(mine)], [range(this.line(op))]);
  }

  /** Leaves the queue, and reads what is in the way. */
  leave(op: Acquire): Json {
    return txn([], [drop(this.#waiter(op)), ...this.#reasons(op)], []);
  }

  /**
   * A renewal, which moves the lease to the term, unless it was changed after the revision `seen`. So a
   * late copy cannot move it back to an older term, after which a newer renewal would not hold.
   */
  renew(op: Renew, term: string | undefined, seen: number): Json {
    const key = this.#lease(op);
    const { ttl, value } = op;
    const kept = { request_put: { ...key, ignore_value: true, ...attached(term) } };
    const write = value === undefined ? kept : put(key, `${ttl} ${value}`, term);
    const since = { target: "MOD", result: "LESS", mod_revision: `${seen + 1}`, ...key };
    return txn([isHeld(key), since], [write], [range({ ...key, count_only: true })]);
  }

  /** Any other operation. */
  of(op: Exclude<Op, Acquire | Renew>): Json {
    switch (op.op) {
      case "release":
        return this.#release(op);
      case "inspect":
        return range(this.#inspected(op));
      case "list":
        return this.#list(op);
    }
  }

  /** Whether a renewal was not made although its lease is there. */
  isLate(op: Op, { succeeded, count }: Done): boolean {
    return op.op === "renew" && !succeeded && count > 0;
  }

  /** The outcome of an operation. */
  outcome(op: Op, done: Done): Outcome {
    const { succeeded, found: [there, guards], epoch } = done;
    switch (op.op) {
      case "acquire":
        return succeeded ? this.#grant(op, done) : this.refusal(op, done);
      case "renew":
        return { ok: succeeded, leases: [] };
      case "release": {
        if (succeeded) return { ok: true, leases: [] };
        const holders = this.#leases(there, epoch);
        const held = holders.some(({ id }) => op.id === undefined || op.id === id);
        return { ok: false, leases: held ? this.#leases(guards, epoch) : holders };
      }
      case "inspect":
        return isPage(op)
          ? lastPage(this.#inOrder(there, epoch), op.limit)
          : { ok: true, leases: this.#leases(there, epoch) };
      case "list":
        return page(this.#listed(there, epoch), op.limit);
    }
  }

  /** The outcome for one that found its seat taken, be it by itself, or its guard wanting. */
  refusal({ id, guard }: Acquire, { found: [holders, guards], epoch }: Done): Outcome {
    const [holder] = this.#leases(holders, epoch);
    if (holder) return { ok: holder.id === id, leases: [holder] };
    return { ok: false, leases: guard ? this.#leases(guards, epoch) : [] };
  }

  /** Where the leases of a seat are, or those of all seats of a resource. */
  seats(place: { resource: string; seat?: string | undefined }): Span {
    return under(this.#keys.seats(place));
  }

  /** Where those wait who want a seat. */
  line(op: Acquire): Span {
    return under(this.#keys.line(op));
  }

  #waiter(op: { resource: string; seat: string; id: string }): Span {
    return only(this.#keys.line(op) + op.id);
  }

  #lease(op: { resource: string; seat: string; id: string }): Span {
    return only(this.#keys.seats(op) + op.id);
  }

  #release({ resource, seat, id, guard }: Release): Json {
    const mine = id === undefined ? undefined : { resource, seat, id };
    const key = mine ? this.#lease(mine) : this.seats({ resource, seat });
    return txn([isHeld(key), ...this.#guards(guard)], [drop(key)], [
      ...this.#reasons({ resource, seat, guard }),
      // It may wait still.
      ...mine ? [drop(this.#waiter(mine))] : [],
    ]);
  }

  #inspected(op: Inspect): Span {
    const all = this.seats(op);
    if (!isPage(op)) return all;
    const { resource, limit, before: seat } = op;
    // The names of a seat's leases begin with its own, so the order of the keys is that of the seats.
    const range_end = seat === undefined
      ? all.range_end!
      : encoded(this.#keys.seats({ resource, seat }));
    return { ...all, range_end, limit: `${limit}`, sort_order: "DESCEND" };
  }

  #list({ prefix, after, limit }: List): Json {
    const from = after === undefined ? undefined : placeIn(after, prefix);
    // Behind the seat itself: all names of its leases begin with its own.
    const next = from && `${this.#keys.seats(from).slice(0, -1)}\x01`;
    return range({ ...under(this.#keys.resources(prefix), next), limit: `${limit}` });
  }

  /** The comparisons of a guard. */
  #guards(guard: Guard | undefined): Json[] {
    if (!guard) return [];
    return [guard.when === "held" ? isHeld(this.seats(guard)) : isVacant(this.seats(guard))];
  }

  /** Reads who has the seat, and who makes the guard fail. */
  #reasons(op: { resource: string; seat: string; guard?: Guard | undefined }): Json[] {
    return (op.guard ? [op, op.guard] : [op]).map((place) => range(this.seats(place)));
  }

  #grant({ seat, id, value, ttl }: Acquire, { epoch, revision }: Done): Outcome {
    return { ok: true, leases: [{ seat, id, token: tokenOf(epoch, revision), value, left: ttl }] };
  }

  #leases(there: readonly KeyValue[] | undefined, epoch: number): Lease[] {
    return this.#inOrder(there, epoch).sort(bySeat);
  }

  #inOrder(there: readonly KeyValue[] | undefined, epoch: number): Lease[] {
    return this.#listed(there, epoch).map(({ resource: _, ...lease }) => lease);
  }

  #listed(there: readonly KeyValue[] = [], epoch: number): Listed[] {
    return there.map(({ key, value, create_revision }) => {
      const [resource = "", seat = "", id = ""] = this.#keys.parts(decoded(key));
      const [, ttl, text = ""] = /(\S+) ([^]*)/.exec(decoded(value)) ?? [];
      const token = tokenOf(epoch, Number(create_revision));
      return { resource, seat, id, token, value: text, left: Number(ttl) };
    });
  }
}

/** Whether it asks for a page, from the last seat on. */
function isPage(op: Inspect): op is Inspect & { readonly limit: number } {
  return op.limit !== undefined && op.seat === undefined;
}

function tokenOf(epoch: number, revision: number): number {
  const token = epoch + revision;
  if (!Number.isSafeInteger(token)) throw noAnswer();
  return token;
}

/** What was done; `undefined` if the epoch was missing. */
export function doneIn(answer: Json, count: number): Done[] | undefined {
  const { succeeded, header, responses = [] } = answer as unknown as TxnAnswer;
  const revision = Number(header?.revision);
  if (!(revision > 0)) throw noAnswer();
  if (!succeeded) return undefined;
  const [first, ...rest] = responses;
  const epoch = Number(decoded(first?.response_range?.kvs?.[0]?.value));
  const parts = rest.flatMap(({ response_txn: group }) => group?.responses ?? []);
  if (parts.length !== count || !(epoch >= 0)) throw noAnswer();
  return parts.map(({ response_txn: inner, response_range: found }) => ({
    succeeded: inner?.succeeded === true,
    found: inner ? inner.responses?.flatMap(kvsIn) ?? [] : [found?.kvs ?? []],
    count: Number(inner?.responses?.[0]?.response_range?.count ?? 0),
    revision,
    epoch,
  }));
}

function kvsIn({ response_range: found }: AnswerPart): (readonly KeyValue[])[] {
  return found ? [found.kvs ?? []] : [];
}

interface TxnAnswer {
  readonly succeeded?: boolean;
  readonly header?: { readonly revision?: string };
  readonly responses?: readonly AnswerPart[];
}

interface AnswerPart {
  readonly response_txn?: TxnAnswer;
  readonly response_range?: { readonly kvs?: readonly KeyValue[]; readonly count?: string };
}
