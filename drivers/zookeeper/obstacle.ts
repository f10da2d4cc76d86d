/**
 * What makes an acquisition wait, and how the server tells when it is gone.
 *
 * @module
 */

import type { Acquire } from "../driver.ts";
import type { Nodes } from "./nodes.ts";
import type { View } from "./view.ts";
import { type Part, watchBelow, watchFor } from "./wire.ts";

/** Its seat is taken, or its guard fails. */
export class Obstacle {
  /** What tells. Renewals are writes of the seat, and tell nothing. */
  readonly watch: Part;
  /** When it may be gone without any change, in ms. */
  readonly left: number;
  readonly #place: { resource: string; seat?: string | undefined };
  readonly #isThere: boolean;

  /** What was seen of a refused one. */
  constructor(op: Acquire, view: View, nodes: Nodes) {
    const holders = view.live(op.resource, op.seat);
    const guard = holders.length > 0 ? undefined : op.guard;
    const { resource, seat } = this.#place = guard ?? op;
    this.#isThere = guard?.when !== "held";
    const leases = this.#isThere ? view.live(resource, seat) : [];
    this.left = leases.reduce((least, { left }) => Math.min(least, left), Infinity);
    const path = seat === undefined ? nodes.resource(resource) : nodes.seat({ resource, seat });
    const isBelow = this.#isThere || (seat === undefined && view.has(resource));
    this.watch = (isBelow ? watchBelow : watchFor)(path);
  }

  /** Takes it out of the view; answers whether it is known what that leaves. */
  remove(view: View): boolean {
    const { resource, seat } = this.#place;
    if (!this.#isThere || seat === undefined) return false;
    view.set({ resource, seat }, undefined);
    return true;
  }
}
