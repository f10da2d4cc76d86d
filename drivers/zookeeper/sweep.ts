/**
 * Removes leases that have ended and that nobody asks for again, such as slots of cron jobs.
 *
 * @module
 */

import type { Place } from "../kit/step.ts";
import { some } from "../kit/sweeps.ts";
import type { Call } from "./call.ts";
import { leasesOf } from "./leases_of.ts";
import type { Nodes } from "./nodes.ts";
import { reads, textsIn } from "./view.ts";
import { list, write } from "./wire.ts";

/** One grant in so many is followed by a sweep. */
export const SWEEPS = 64;
/** How many resources besides the granted one, and how many seats, one sweep looks at. */
const RESOURCES = 3;
const SEATS = 128;

/**
 * Looks at some seats of this resource and of a few others, and removes those that have ended. Each pass
 * removes twice as many as there can have been since the last, until most of what is there lives.
 */
export async function sweep(
  resource: string,
  nodes: Nodes,
  call: Call,
  nonce: string,
): Promise<void> {
  try {
    const [bucket] = some(nodes.buckets, 1);
    const lists = [bucket!, nodes.resource(resource)].map(list);
    const { now, lists: [others, own] } = await reads(call, [], lists, write(nodes.clock, nonce));
    const names = some(textsIn(others), RESOURCES).filter((each) => each !== resource);
    const within = names.map((each) => list(nodes.resource(each)));
    const { lists: inside } = within.length > 0 ? await reads(call, [], within) : { lists: [] };
    const places = [resource, ...names].flatMap((resource, n): Place[] =>
      some(textsIn(n === 0 ? own : inside[n - 1]), SEATS / (names.length + 1))
        .map((seat) => ({ resource, seat }))
    );
    await leasesOf(places, now, nodes, call);
  } catch {
    // The grant stands, and somebody else will sweep.
  }
}
