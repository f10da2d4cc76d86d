/**
 * The operations over the nodes of an ensemble: look, decide, and write on the condition that nothing has
 * changed.
 *
 * @module
 */

import type { ApplyOptions, Op, Outcome, SeatOp } from "../driver.ts";
import { nonces } from "../kit/nonce.ts";
import { isSwept } from "../kit/sweeps.ts";
import { ATTEMPTS, Call, codeIn } from "./call.ts";
import type { Ensemble } from "./ensemble.ts";
import { pageOf } from "./listing.ts";
import type { Nodes } from "./nodes.ts";
import { Plan, roundOf } from "./plan.ts";
import { sweep, SWEEPS } from "./sweep.ts";
import { reads, View } from "./view.ts";
import { type Access, create, request, transaction } from "./wire.ts";

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
        } else outcomes.push(...await this.#round(roundOf(ops, outcomes.length), call));
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
      const view = await this.#onceThere(
        call,
        () => View.of(ops, this.#nodes, call, this.#nonce()),
      );
      if (!view) continue;
      const plan = new Plan(ops, view, this.#nodes, this.#access);
      const { parts, ends } = plan;
      if (parts.length === 0) return plan.outcomes([]);
      if (request(0, transaction(parts)).length <= LONGEST) {
        const results = await call.write(parts);
        if (results) return plan.outcomes(results);
      } else if (ops.length > 1) {
        const half = ops.length >> 1;
        return [
          ...await this.#round(ops.slice(0, half), call),
          ...await this.#round(ops.slice(half), call),
        ];
      } else {
        // One operation is short, but it may have found many leases that have ended.
        await call.write(ends.slice(0, SHORT));
      }
    }
    throw call.overtaken();
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
