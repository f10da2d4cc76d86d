/**
 * Which operations share a transaction, and what it consists of.
 *
 * @module
 */

import type { Guard, Lease, Op, Outcome, SeatOp } from "../driver.ts";
import { placeKey } from "../kit/order.ts";
import { type Place, step, type Table } from "../kit/step.ts";
import { type Nodes, written } from "./nodes.ts";
import { isPage, type Seat, type View } from "./view.ts";
import {
  type Access,
  check,
  container,
  create,
  type Part,
  remove,
  type Result,
  write,
} from "./wire.ts";

/** How many operations, and how many characters of values, go into one transaction. */
const MOST_OPS = 500;
const MOST_TEXT = 300_000;

/** Whether it may wait, so that it must be alone. */
export function isPatient(op: Op): boolean {
  return op.op === "acquire" && (op.patience ?? 0) > 0;
}

/**
 * The operations, from that one on, that share a transaction. None takes a seat a second time: the token
 * of a grant is that of its transaction.
 */
export function roundOf(ops: readonly Op[], from: number): SeatOp[] {
  const taken = new Set<string>();
  const round: SeatOp[] = [];
  let text = 0;
  for (const op of ops.slice(from, from + MOST_OPS)) {
    if (op.op === "list" || isPatient(op)) break;
    text += "value" in op ? op.value?.length ?? 0 : 0;
    const key = placeKey(op);
    if (round.length > 0 && (text > MOST_TEXT || op.op === "acquire" && taken.has(key))) break;
    round.push(op);
    if (op.op === "acquire") taken.add(key);
  }
  return round;
}

/** What is to be written for some operations, all of it or nothing. */
export class Plan {
  /** What ends leases that have ended, two parts for each. */
  readonly ends: Part[] = [];
  readonly #parts: Part[] = [];
  readonly #view: View;
  readonly #nodes: Nodes;
  readonly #access: Access;
  readonly #outcomes: Outcome[] = [];
  /** The parts that tell the tokens of what is granted, by the ids. */
  readonly #grants = new Map<string, number>();
  /** Resources whose nodes the transaction creates or deletes. */
  readonly #there = new Map<string, boolean>();
  readonly #ended = new Set<string>();

  /** Decides, by what was seen. */
  constructor(ops: readonly SeatOp[], view: View, nodes: Nodes, access: Access) {
    this.#view = view;
    this.#nodes = nodes;
    this.#access = access;
    for (const op of ops) this.#decide(op);
  }

  /** All parts of the transaction. */
  get parts(): Part[] {
    return [...this.ends, ...this.#parts];
  }

  /** What came of the operations once it is written. */
  outcomes(results: readonly Result[]): Outcome[] {
    const granted = (lease: Lease): Lease => {
      // An id that is granted once more had another token before.
      if (lease.token) return lease;
      const part = this.#grants.get(lease.id)!;
      return { ...lease, token: this.#view.token(results[this.ends.length + part]!.stat!) };
    };
    return this.#outcomes.map((outcome) => ({ ...outcome, leases: outcome.leases.map(granted) }));
  }

  #decide(op: SeatOp): void {
    if (isPage(op)) {
      this.#outcomes.push({ ok: true, ...this.#view.page(op) });
      return this.#endSeen();
    }
    let change: (() => void) | undefined;
    const table: Table = {
      live: (resource, seat) => this.#view.live(resource, seat),
      put: (resource, lease) => {
        const place = { resource, seat: lease.seat };
        change = () => op.op === "renew" ? this.#renew(place, lease) : this.#grant(place, lease);
      },
      drop: (resource, seat) => {
        change = () => this.#drop({ resource, seat });
      },
      // It is known when the transaction is.
      nextToken: () => 0,
      scan: () => [],
    };
    this.#outcomes.push(step(op, table));
    this.#endSeen();
    if (change && "guard" in op && op.guard) this.#hold(op.guard);
    change?.();
  }

  /**
   * Ends what was found to have ended. Otherwise a renewal whose look was in time and whose write comes
   * late would revive a lease after somebody has relied on its end.
   */
  #endSeen(): void {
    for (const seat of this.#view.takeEnded()) {
      const path = this.#nodes.seat(seat);
      if (this.#ended.has(path)) continue;
      this.#ended.add(path);
      this.#view.set(seat, undefined);
      this.ends.push(...endsOf(seat, this.#nodes, seat.stat.version));
    }
  }

  /** Makes sure that a guard that holds still holds. */
  #hold({ when, resource, seat }: Guard): void {
    const path = this.#nodes.resource(resource);
    if (when === "held") {
      const [lease] = this.#view.live(resource, seat);
      this.#add(check(this.#nodes.marker({ resource, seat: lease!.seat }, lease!.id)));
      return;
    }
    const inside = seat === undefined ? undefined : this.#nodes.seat({ resource, seat });
    // It was deleted in the version that was seen, and can only have come back in another transaction.
    if (this.#ended.has(inside ?? "")) return;
    if (!this.#has(resource)) {
      this.#add(container(path, this.#access), remove(path));
    } else if (inside !== undefined) {
      this.#add(create(inside, this.#access), remove(inside));
    } else {
      // A node with others below it is not deleted. The next lease creates this one again.
      this.#there.set(resource, false);
      this.#add(remove(path));
    }
  }

  #grant(place: Place, { id, value, left: ttl }: Lease): void {
    const [seat, access] = [this.#nodes.seat(place), this.#access];
    if (!this.#has(place.resource)) {
      this.#there.set(place.resource, true);
      this.#add(container(this.#nodes.resource(place.resource), access));
    }
    this.#add(
      create(seat, access),
      create(this.#nodes.marker(place, id), access),
      // All versions of ZooKeeper answer by which transaction the node was created.
      write(seat, written({ id, ttl, value }), 0),
    );
    this.#grants.set(id, this.#parts.length - 1);
    this.#view.set(place, { id, ttl, value }, 1);
  }

  /** The marker shows that it is this very lease, and the version orders its renewals. */
  #renew(place: Place, { id, value, left: ttl }: Lease): void {
    const { version } = this.#view.at(place)!.stat;
    this.#add(
      check(this.#nodes.marker(place, id)),
      write(this.#nodes.seat(place), written({ id, ttl, value }), version),
    );
    this.#view.set(place, { id, ttl, value }, version + 1);
  }

  #drop(place: Place): void {
    this.#add(...endsOf(this.#view.at(place)!, this.#nodes));
    this.#view.set(place, undefined);
  }

  #has(resource: string): boolean {
    return this.#there.get(resource) ?? this.#view.has(resource);
  }

  #add(...parts: readonly Part[]): void {
    this.#parts.push(...parts);
  }
}

/** What deletes a lease, if it is still that one, and in that version if one is given. */
export function endsOf(seat: Seat, nodes: Nodes, version?: number): Part[] {
  return [remove(nodes.marker(seat, seat.id)), remove(nodes.seat(seat), version)];
}
