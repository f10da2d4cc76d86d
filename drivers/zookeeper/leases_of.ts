/**
 * The leases of any seats, which also ends those that have ended.
 *
 * @module
 */

import { slicesOf } from "../kit/slices.ts";
import type { Listed, Place } from "../kit/step.ts";
import { ATTEMPTS, type Call } from "./call.ts";
import type { Nodes } from "./nodes.ts";
import { endsOf } from "./plan.ts";
import { reads, View } from "./view.ts";

/** How many leases are ended in one transaction. */
const SOME = 128;

/** The leases of these seats at that time. What has ended is ended, as everywhere. */
export async function leasesOf(
  places: readonly Place[],
  now: number,
  nodes: Nodes,
  call: Call,
): Promise<Listed[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { at } = await reads(call, [nodes.root, ...places.map((each) => nodes.seat(each))], []);
    const view = new View(nodes, now, at);
    const leases = places.flatMap(({ resource, seat }) =>
      view.live(resource, seat).map((lease) => ({ resource, ...lease }))
    );
    let overtaken = false;
    for (const some of slicesOf(view.takeEnded(), SOME)) {
      const parts = some.flatMap((seat) => endsOf(seat, nodes, seat.stat.version));
      if (!await call.write(parts)) overtaken = true;
    }
    if (!overtaken) return leases;
  }
  throw call.overtaken();
}
