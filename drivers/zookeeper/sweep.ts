/**
 * Removes leases that have ended and that nobody asks for again, such as slots of cron jobs.
 *
 * @module
 */

import type { Outcome } from "../driver.ts";
import type { Place } from "../kit/step.ts";
import type { Call } from "./call.ts";
import { leasesOf } from "./leases_of.ts";
import type { Nodes } from "./nodes.ts";
import { reads, textsIn } from "./view.ts";
import { list, write } from "./wire.ts";

/** How many resources besides the granted one, and how many seats, one sweep looks at. */
const RESOURCES = 3;
const SEATS = 128;

/**
 * Whether a sweep follows this grant: one in 64 of all. Tokens of one client alone may all be even, so
 * it is not asked for their last bits.
 */
export function isSwept({ ok, leases: [lease] }: Outcome): boolean {
  return ok && lease !== undefined && Math.imul(lease.token | 0, 0x9e3779b1) >>> 26 === 0;
}

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

/** That many of them, by chance. */
function some<T>(all: readonly T[], count: number): T[] {
  const rest = [...all];
  return Array.from(
    { length: Math.min(count, rest.length) },
    () => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]!,
  );
}
