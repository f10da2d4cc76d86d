/**
 * The operations over the nodes of an ensemble: look, decide, and write on the condition that nothing has
 * changed.
 *
 * @module
 */

import type { Acquire, ApplyOptions, Op, Outcome, SeatOp } from "../driver.ts";
import { instant, since } from "../kit/instants.ts";
import { Lines } from "../kit/lines.ts";
import { nonces } from "../kit/nonce.ts";
import { Recent } from "../kit/recent.ts";
import { isSwept } from "../kit/sweeps.ts";
import { ATTEMPTS, Call, codeIn } from "./call.ts";
import type { Ensemble } from "./ensemble.ts";
import { pageOf } from "./listing.ts";
import type { Nodes } from "./nodes.ts";
import { Obstacle } from "./obstacle.ts";
import { isPatient, Plan, roundOf } from "./plan.ts";
import { sweep, SWEEPS } from "./sweep.ts";
import { reads, View } from "./view.ts";
import { type Access, create, type Part, request, transaction } from "./wire.ts";

/** A server reads requests of up to a MiB. */
const LONGEST = 900_000;
/** How many parts of a transaction are surely shorter than that. */
const SHORT = 200;
const MISSING = -101;

/** Leases in an ensemble. */
export class Leases {
  readonly #ensemble: Ensemble;
  readonly #nodes: Nodes;
  readonly #access: Access;
  readonly #nonce = nonces();
  readonly #lines = new Lines();
  /** What those watched who waited in vain, by their seats: most likely it is still in the way. */
  readonly #watched = new Recent<Part>();

  /** In nodes that are named so and may be used by those. */
  constructor(ensemble: Ensemble, nodes: Nodes, access: Access) {
    this.#ensemble = ensemble;
    this.#nodes = nodes;
    this.#access = access;
  }

  /** Runs a batch. */
  async apply(ops: readonly Op[], options: ApplyOptions): Promise<Outcome[]> {
    const call = new Call(this.#ensemble, options);
    const outcomes: Outcome[] = [];
    try {
      while (outcomes.length < ops.length) {
        const op = ops[outcomes.length]!;
        if (op.op === "list") {
          const page = () => pageOf(op, this.#nodes, call, this.#nonce());
          outcomes.push(await this.#onceThere(call, page));
        } else if (isPatient(op)) outcomes.push(await this.#wait(op as Acquire, call));
        else outcomes.push(...await this.#round(roundOf(ops, outcomes.length), call));
      }
      const swept = ops.find((op, n) => op.op === "acquire" && isSwept(outcomes[n]!, SWEEPS));
      if (swept) await sweep((swept as SeatOp).resource, this.#nodes, call, this.#nonce());
      return outcomes;
    } finally {
      await call.end();
    }
  }

  async #round(ops: readonly SeatOp[], call: Call): Promise<Outcome[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const view = await this.#look(ops, call);
      if (!view) continue;
      const outcomes = await this.#decided(ops, view, call);
      if (outcomes) return outcomes;
    }
    throw call.overtaken();
  }

  /**
   * Waits until it is granted, or its patience is over. It watches one thing at a time that is in its way,
   * and the look at it comes behind the watch, so no change is missed.
   */
  async #wait(op: Acquire, call: Call): Promise<Outcome> {
    const [start, seat] = [instant(), this.#nodes.seat(op)];
    const turn = this.#lines.turn(call.signal);
    let watch = turn.isBehind(op) ? undefined : this.#watched.get(seat);
    let refusal: Outcome | undefined;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const view = await this.#look([op], call, watch);
        const [outcome] = (view && await this.#decided([op], view, call)) ?? [];
        if (outcome?.ok) return outcome;
        refusal = outcome ?? refusal;
        const left = op.patience! - since(start);
        if (refusal && left <= 0) return refusal;
        if (!view || !outcome) continue;
        const obstacle = new Obstacle(op, view, this.#nodes);
        watch = obstacle.watch;
        const behind = turn.isBehind(op);
        // Its session may end meanwhile.
        if (behind) await call.end();
        if (!await turn.comes(op, left)) return outcome;
        if (behind || call.watched !== watch.watches) continue;
        // When what is in the way must have ended, nobody tells.
        const news = await call.news(Math.min(left, obstacle.left));
        if (!news && obstacle.left > left) {
          this.#watched.set(seat, watch);
          return outcome;
        }
        attempt = 0;
        // Most likely it is gone, and then a look would only say so.
        if (news !== "changed" || !obstacle.remove(view)) continue;
        const [next] = await this.#decided([op], view, call) ?? [];
        if (next?.ok) return next;
      }
      throw call.overtaken();
    } finally {
      turn.end();
    }
  }

  /** Decides by what was seen, and writes it; `undefined` if it has to look again. */
  async #decided(
    ops: readonly SeatOp[],
    view: View,
    call: Call,
  ): Promise<Outcome[] | undefined> {
    const plan = new Plan(ops, view, this.#nodes, this.#access);
    const { parts, ends } = plan;
    if (parts.length === 0) return plan.outcomes([]);
    if (request(0, transaction(parts)).length <= LONGEST) {
      const results = await call.write(parts);
      return results && plan.outcomes(results);
    }
    if (ops.length > 1) {
      const half = ops.length >> 1;
      return [
        ...await this.#round(ops.slice(0, half), call),
        ...await this.#round(ops.slice(half), call),
      ];
    }
    // One operation is short, but it may have found many leases that have ended.
    await call.write(ends.slice(0, SHORT));
    return undefined;
  }

  /** Looks at what operations are about; `undefined` if it changed meanwhile. */
  async #look(ops: readonly SeatOp[], call: Call, watch?: Part): Promise<View | undefined> {
    return await this.#onceThere(
      call,
      () => View.of(ops, this.#nodes, call, this.#nonce(), watch),
    );
  }

  /** Looks, and creates the root and what belongs to it if they are missing. */
  async #onceThere<T>(call: Call, look: () => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return await look();
      } catch (error) {
        if (codeIn(error) !== MISSING) throw error;
      }
      const { ancestors, buckets, clock } = this.#nodes;
      const wanted = [...ancestors, ...buckets, clock];
      const { at } = await reads(call, wanted, []);
      const missing = wanted.filter((path) => !at.get(path)?.stat);
      if (missing.length > 0) await call.write(missing.map((path) => create(path, this.#access)));
    }
    throw call.overtaken();
  }
}
