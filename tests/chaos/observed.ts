/**
 * Counts what a driver is asked, and writes down every grant and every lease that the backend has
 * forgotten. It stands below all of the library but the driver, so it judges for itself.
 *
 * @module
 */

import type { Driver, Outcome, SeatOp } from "../../drivers/driver.ts";
import { ConnectionError } from "../../errors.ts";
import type { Diary } from "./diary.ts";

/** A lease that was acknowledged and not given back. */
interface Kept {
  readonly resource: string;
  readonly seat: string;
  readonly token: number;
  readonly ttl: number;
  /** When the request was sent that was last acknowledged. */
  since: number;
  /**
   * The same before it was asked for once more and nobody answered: what is acknowledged from then on
   * may be a second grant under the same id.
   */
  firm?: number;
}

/** An acquisition that was sent. */
interface Asked {
  /** For the first time. */
  readonly sent: number;
  /** What it was answered last. */
  token?: number;
}

/** What the clocks of one host may differ by, as a part of a ttl and in ms. */
const [RATE, GRAIN] = [0.01, 2];
/** For how long an id may be sent again, in ms. */
const REMEMBERED = 600_000;
/** How often the leases that have run out are forgotten, in requests. */
const SWEEP = 500;

/** The same driver, watched. */
export function observed(driver: Driver, diary: Diary): Driver {
  const { counts } = diary;
  /** By id. */
  const kept = new Map<string, Kept>();
  const asked = new Map<string, Asked>();

  const sending = (op: SeatOp, sent: number): void => {
    if (op.op === "acquire" && !asked.has(op.id)) asked.set(op.id, { sent });
    // Whatever becomes of it, its end is no surprise any more.
    if (op.op === "release" && op.id !== undefined) {
      kept.delete(op.id);
      asked.delete(op.id);
    }
  };

  const unanswered = (op: SeatOp): void => {
    const own = op.op === "acquire" ? kept.get(op.id) : undefined;
    if (own) own.firm ??= own.since;
  };

  const answered = (op: SeatOp, outcome: Outcome | undefined, sent: number, at: number): void => {
    if (op.op === "inspect" || op.op === "release") return;
    const { resource, seat, id, ttl } = op;
    const own = kept.get(id);
    const gone = (since: number): void => {
      if (own && at < since + ttl * (1 - RATE) - GRAIN) {
        diary.tell({ kind: "gone", resource, seat, token: own.token, since, at });
      }
      kept.delete(id);
    };
    if (op.op === "renew") {
      if (!outcome?.ok) return gone(own?.since ?? 0);
      if (own) own.since = Math.max(own.since, sent);
      return;
    }
    const [lease] = outcome?.leases ?? [];
    const first = asked.get(id);
    if (!outcome?.ok || !lease) {
      counts.refused++;
      if (own) gone(own.since);
      else asked.delete(id);
      return;
    }
    // It was released meanwhile, for its caller had given up.
    if (first === undefined) return;
    const { token } = lease;
    if (first.token === token) return;
    const anew = first.token !== undefined;
    first.token = token;
    if (own) gone(own.firm ?? own.since);
    counts.granted++;
    diary.tell({ kind: "grant", resource, seat, token, sent: first.sent, at });
    // Of an id that was granted anew nobody knows by which of its sends, so not since when it lives.
    if (!anew) kept.set(id, { resource, seat, token, ttl, since: first.sent });
  };

  const sweep = (now: number): void => {
    for (const [id, { since, ttl }] of kept) {
      if (now > since + ttl) kept.delete(id);
    }
    for (const [id, { sent }] of asked) {
      if (now > sent + REMEMBERED && !kept.has(id)) asked.delete(id);
    }
  };

  return {
    name: driver.name,
    guarantees: driver.guarantees,
    async apply(all, options) {
      // Nobody lists here.
      const ops = all as readonly SeatOp[];
      const sent = diary.now();
      counts.requests++;
      if (counts.requests % SWEEP === 0) sweep(sent);
      for (const op of ops) sending(op, sent);
      let outcomes: readonly Outcome[];
      try {
        outcomes = await driver.apply(ops, options);
      } catch (error) {
        counts.unanswered += ops.length;
        if (error instanceof ConnectionError) counts.turnedAway++;
        for (const op of ops) unanswered(op);
        throw error;
      }
      const at = diary.now();
      counts.operations += ops.length;
      ops.forEach((op, i) => answered(op, outcomes[i], sent, at));
      return outcomes;
    },
  };
}
