/**
 * A page of the leases of all resources: they are found by the names of nodes.
 *
 * @module
 */

import type { List, Outcome } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import type { Listed, Place } from "../kit/step.ts";
import { ATTEMPTS, type Call } from "./call.ts";
import { bucketOf, type Nodes } from "./nodes.ts";
import { endsOf } from "./plan.ts";
import { reads, textsIn, View } from "./view.ts";
import { list, write } from "./wire.ts";

/** How many leases are ended in one transaction. */
const SOME = 100;

/** One page. */
export class Listing {
  readonly #op: List;
  readonly #nodes: Nodes;
  readonly #call: Call;
  readonly #from: Place | undefined;
  readonly #bucket: number;

  /**
   * After the cursor, if there is one.
   *
   * @throws {InvalidArgument} when the cursor is not one of this prefix.
   */
  constructor(op: List, nodes: Nodes, call: Call) {
    this.#op = op;
    this.#nodes = nodes;
    this.#call = call;
    const { bucket = 0, place } = op.after === undefined ? {} : cursorIn(op.after, op.prefix);
    this.#bucket = bucket;
    this.#from = place;
  }

  /** Reads it. */
  async page(nonce: string): Promise<Outcome> {
    const [call, nodes] = [this.#call, this.#nodes];
    const { limit } = this.#op;
    const buckets = nodes.buckets.slice(this.#bucket);
    // A clock that is read first is never too late: what had ended by then ended before the listing.
    const { now, at } = await reads(call, buckets, [], write(nodes.clock, nonce));
    let count = 0;
    const full = buckets.findIndex((path) => (count += at.get(path)?.stat?.children ?? 0) >= limit);
    const read = full < 0 ? buckets : buckets.slice(0, full + 1);
    const resources = await this.#resources(read);
    const places = await this.#places(resources.slice(0, limit));
    const page = places.slice(0, limit);
    const leases = await this.#leases(page, now);
    const last = page.at(-1);
    const next = this.#bucket + read.length;
    if (places.length > limit || (last && resources.length > limit)) {
      return { ok: true, leases, after: cursorOf(bucketOf(last!.resource), last) };
    }
    return { ok: true, leases, ...next < nodes.buckets.length && { after: cursorOf(next) } };
  }

  /** The names of the resources in some buckets that may be on the page. */
  async #resources(buckets: readonly string[]): Promise<string[]> {
    const { lists } = await reads(this.#call, [], buckets.map(list));
    return lists.flatMap((found, n) =>
      textsIn(found).filter((name) =>
        name.startsWith(this.#op.prefix) && (n > 0 || name >= (this.#from?.resource ?? ""))
      )
    );
  }

  /** Their seats. */
  async #places(resources: readonly string[]): Promise<Place[]> {
    if (resources.length === 0) return [];
    const from = this.#from;
    const { lists } = await reads(
      this.#call,
      [],
      resources.map((each) => list(this.#nodes.resource(each))),
    );
    return lists.flatMap((found, n) => {
      const resource = resources[n]!;
      return textsIn(found).filter((seat) => resource !== from?.resource || seat > from.seat)
        .map((seat) => ({ resource, seat }));
    });
  }

  /** Their leases. What has ended is ended, as everywhere. */
  async #leases(places: readonly Place[], now: number): Promise<Listed[]> {
    const [call, nodes] = [this.#call, this.#nodes];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { at } = await reads(call, [nodes.root, ...places.map((each) => nodes.seat(each))], []);
      const view = new View(nodes, now, at);
      const leases = places.flatMap(({ resource, seat }) =>
        view.live(resource, seat).map((lease) => ({ resource, ...lease }))
      );
      const ended = view.takeEnded();
      let overtaken = false;
      for (let n = 0; n < ended.length; n += SOME) {
        const parts = ended.slice(n, n + SOME)
          .flatMap((seat) => endsOf(seat, nodes, seat.stat.version));
        if (!await call.write(parts)) overtaken = true;
      }
      if (!overtaken) return leases;
    }
    throw call.overtaken();
  }
}

/** A cursor: the bucket, and the place in it after which the next page begins. */
function cursorOf(bucket: number, place?: Place): string {
  return JSON.stringify([bucket, place?.resource, place?.seat].slice(0, place ? 3 : 1));
}

/**
 * What a cursor says.
 *
 * @throws {InvalidArgument} when it is not one of a list with this prefix.
 */
function cursorIn(after: string, prefix: string): { bucket: number; place?: Place } {
  try {
    const [bucket, resource, seat, ...rest] = JSON.parse(after);
    const known = Number.isInteger(bucket) && bucket >= 0 && bucket < 256 && rest.length === 0;
    if (known && resource === undefined) return { bucket };
    const fits = typeof resource === "string" && typeof seat === "string";
    if (known && fits && resource.startsWith(prefix) && bucketOf(resource) === bucket) {
      return { bucket, place: { resource, seat } };
    }
  } catch {
    // See below.
  }
  return refuse("after", "it is not what an earlier page answered");
}
