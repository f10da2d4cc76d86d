/**
 * Which operations share a transaction, and what it consists of.
 *
 * @module
 */

import type { Guard, Lease, Op, Outcome, SeatOp } from "../driver.ts";
import { placeKey } from "../kit/order.ts";
import { type Place, step, type Table } from "../kit/step.ts";
import { type Nodes, written } from "./nodes.ts";
import { isPage, placesOf, type Seat, type View } from "./view.ts";
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

/**
 * The operations, from that one on, that share a transaction: up to the first that is about what one
 * before it writes, or that writes what one before it is about.
 */
export function roundOf(ops: readonly Op[], from: number): SeatOp[] {
  const touched = new Set<string>();
  const round: SeatOp[] = [];
  let text = 0;
  for (const op of ops.slice(from, from + MOST_OPS)) {
    if (op.op === "list") break;
    const { resource, seat } = op;
    const writes = op.op === "inspect"
      ? []
      : [placeKey({ resource, seat }), placeKey({ resource })];
    const about = placesOf(op).map(placeKey);
    const meets = about.some((each) => touched.has(`w${each}`)) ||
      writes.some((each) => touched.has(`r${each}`));
    text += "value" in op ? op.value?.length ?? 0 : 0;
    if (round.length > 0 && (meets || text > MOST_TEXT)) break;
    round.push(op);
    for (const each of about) touched.add(`r${each}`);
    for (const each of writes) touched.add(`w${each}`);
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
  readonly #outcomes: { readonly outcome: Outcome; readonly grant?: number }[] = [];
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
    return this.#outcomes.map(({ outcome, grant }) => {
      const [lease] = outcome.leases;
      if (grant === undefined || !lease) return outcome;
      const { stat } = results[this.ends.length + grant]!;
      return { ok: true, leases: [{ ...lease, token: this.#view.token(stat!) }] };
    });
  }

  #decide(op: SeatOp): void {
    if (isPage(op)) {
      const outcome = { ok: true, ...this.#view.page(op) };
      this.#endSeen();
      this.#outcomes.push({ outcome });
      return;
    }
    let change: (() => number) | undefined;
    const table: Table = {
      live: (resource, seat) => this.#view.live(resource, seat),
      put: (resource, lease) => {
        const place = { resource, seat: lease.seat };
        change = () => op.op === "renew" ? this.#renew(place, lease) : this.#grant(place, lease);
      },
      drop: (resource, seat) => {
        change = () => this.#add(...endsOf(this.#view.at({ resource, seat })!, this.#nodes));
      },
      // It is known when the transaction is.
      nextToken: () => 0,
      scan: () => [],
    };
    const outcome = step(op, table);
    this.#endSeen();
    if (change && "guard" in op && op.guard) this.#hold(op.guard);
    const at = change?.();
    this.#outcomes.push({ outcome, ...op.op === "acquire" && at !== undefined && { grant: at } });
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
    if (inside !== undefined && this.#ended.has(inside)) return;
    if (!this.#has(resource)) {
      this.#add(container(path, this.#access), remove(path));
    } else if (inside !== undefined) {
      this.#add(create(inside, this.#access), remove(inside));
    } else {
      // A node with others below it is not deleted. Whoever needs this one creates it.
      this.#there.set(resource, false);
      this.#add(remove(path));
    }
  }

  /** Creates a lease; answers which part tells its token. */
  #grant(place: Place, { id, value, left: ttl }: Lease): number {
    const [seat, access] = [this.#nodes.seat(place), this.#access];
    if (!this.#has(place.resource)) {
      this.#there.set(place.resource, true);
      this.#add(container(this.#nodes.resource(place.resource), access));
    }
    return this.#add(
      create(seat, access),
      create(this.#nodes.marker(place, id), access),
      // All versions of ZooKeeper answer by which transaction the node was created.
      write(seat, written({ id, ttl, value }), 0),
    );
  }

  /** The marker shows that it is this very lease, and the version orders its renewals. */
  #renew(place: Place, { id, value, left: ttl }: Lease): number {
    const { version } = this.#view.at(place)!.stat;
    return this.#add(
      check(this.#nodes.marker(place, id)),
      write(this.#nodes.seat(place), written({ id, ttl, value }), version),
    );
  }

  #has(resource: string): boolean {
    return this.#there.get(resource) ?? this.#view.has(resource);
  }

  /** Answers the number of the last part. */
  #add(...parts: readonly Part[]): number {
    return this.#parts.push(...parts) - 1;
  }
}

/** What deletes a lease, if it is still that one, and in that version if one is given. */
export function endsOf(seat: Seat, nodes: Nodes, version?: number): Part[] {
  return [remove(nodes.marker(seat, seat.id)), remove(nodes.seat(seat), version)];
}
