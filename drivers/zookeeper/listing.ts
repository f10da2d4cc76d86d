/**
 * A page of the leases of all resources: they are found by the names of nodes.
 *
 * @module
 */

import type { List, Outcome } from "../driver.ts";
import { placeIn } from "../kit/step.ts";
import type { Call } from "./call.ts";
import { leasesOf } from "./leases_of.ts";
import { bucketOf, type Nodes } from "./nodes.ts";
import { reads, textsIn } from "./view.ts";
import { list, write } from "./wire.ts";

/**
 * Reads one. The order is that of the buckets, and within one that of the names.
 *
 * @throws {InvalidArgument} when the cursor is not one of this prefix.
 */
export async function pageOf(
  { prefix, after, limit }: List,
  nodes: Nodes,
  call: Call,
  nonce: string,
): Promise<Outcome> {
  const from = after === undefined ? undefined : placeIn(after, prefix);
  const buckets = nodes.buckets.slice(from ? bucketOf(from.resource) : 0);
  // A clock that is read first is never too late: what had ended by then ended before the listing.
  const { now, at } = await reads(call, buckets, [], write(nodes.clock, nonce));
  while (buckets.length > 0) {
    let count = 0;
    const full = buckets.findIndex((path) => (count += at.get(path)?.stat?.children ?? 0) >= limit);
    const some = buckets.splice(0, full < 0 ? buckets.length : full + 1);
    const first = nodes.buckets.length - buckets.length - some.length;
    const names = await reads(call, [], some.map(list));
    const resources = names.lists.flatMap((found, n) =>
      textsIn(found).filter((name) =>
        name.startsWith(prefix) &&
        (!from || first + n > bucketOf(from.resource) || name >= from.resource)
      )
    );
    // A resource may have a node and no seats.
    for (let n = 0; n < resources.length; n += limit) {
      const within = resources.slice(n, n + limit);
      const { lists } = await reads(call, [], within.map((each) => list(nodes.resource(each))));
      const places = lists.flatMap((found, m) => {
        const resource = within[m]!;
        return textsIn(found).filter((seat) => resource !== from?.resource || seat > from.seat)
          .map((seat) => ({ resource, seat }));
      });
      const page = places.slice(0, limit);
      const last = page.at(-1);
      if (!last) continue;
      const leases = await leasesOf(page, now, nodes, call);
      const more = places.length > limit || resources.length > n + limit || buckets.length > 0;
      return { ok: true, leases, ...more && { after: JSON.stringify([last.resource, last.seat]) } };
    }
  }
  return { ok: true, leases: [] };
}
